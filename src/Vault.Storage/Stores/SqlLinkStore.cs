using System.Data.Common;
using Vault.Core.Consent;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// Pending consents. A browser sends only a token or state: the database finds the organization of its digest, and then
/// shows only rows of that organization.
/// </summary>
internal sealed class SqlLinkStore(IDatabase database) : ILinkStore
{
    private const string Select = """
        select id, organization_id, user_id, connection, label, account_id, connection_id, version, status, token_hash,
          state_hash, browser_hash,
          code_verifier, code_verifier_key_version, request, created_at, expires_at from links
        """;

    private const string InsertSql = $"""
        insert into links (id, organization_id, user_id, connection, label, account_id, connection_id, version, status,
          token_hash, state_hash, browser_hash,
          code_verifier, code_verifier_key_version, request, created_at, expires_at)
        select @id, @organization, @user, @connection, @label, @account_id, @connection_id, 1, @status, @token_hash,
          @state_hash, @browser_hash,
          @code_verifier, @code_verifier_key_version, @request, @created_at, @expires_at
        where true {Write.Guard} on conflict do nothing
        """;

    private const string UpdateSql = $"""
        update links set version = @expected + 1, status = @status, state_hash = @state_hash,
          browser_hash = @browser_hash, code_verifier = @code_verifier,
          code_verifier_key_version = @code_verifier_key_version, request = @request, expires_at = @expires_at
        where id = @id and organization_id = @organization and version = @expected {Write.Guard}
        """;

    public Task<WriteOutcome> InsertAsync(
        LinkSession link,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(link);
        var statement = Bind(InsertSql, link)
            .Text("user", link.Key.User.Value)
            .Text("connection", link.Key.Connection.Value)
            .Text("label", link.Key.Label)
            .Text("account_id", link.Account.Value)
            .Text("connection_id", link.ConnectionId)
            .Text("token_hash", link.TokenHash)
            .Time("created_at", link.CreatedAt);
        return database.WriteAsync(Write.Insert(link.Key.Organization, statement, gate, drafts), cancellationToken);
    }

    public Task<LinkSession?> FindByTokenAsync(string tokenHash, CancellationToken cancellationToken) =>
        database.ReadOneAsync(
            Scope.By("link_by_token", tokenHash),
            new Statement(Select + " where token_hash = @hash").Text("hash", tokenHash),
            Read,
            cancellationToken
        );

    public Task<LinkSession?> FindByStateAsync(string stateHash, CancellationToken cancellationToken) =>
        database.ReadOneAsync(
            Scope.By("link_by_state", stateHash),
            new Statement(Select + " where state_hash = @hash").Text("hash", stateHash),
            Read,
            cancellationToken
        );

    public async Task<IReadOnlyList<string>> ListExchangingAsync(int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    "select * from links_exchanging(@take)",
                    "select token_hash from links where status = 'Exchanging' order by expires_at limit @take"
                )
            ).Integer("take", limit),
            r => r.GetString(0),
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(
        LinkSession link,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(link);
        return database.WriteAsync(
            Write.Plain(link.Key.Organization, Bind(UpdateSql, link).Integer("expected", expectedVersion), drafts),
            cancellationToken
        );
    }

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    "select * from delete_expired_links(@before, @take)",
                    "delete from links where id in (select id from links where expires_at < @before "
                        + "order by expires_at limit @take)"
                )
            )
                .Time("before", before)
                .Integer("take", limit),
            cancellationToken
        );

    private static Statement Bind(string sql, LinkSession link) =>
        new Statement(sql)
            .Text("id", link.Id)
            .Text("organization", link.Key.Organization.Value)
            .Text("status", link.Status.ToString())
            .Text("state_hash", link.StateHash)
            .Text("browser_hash", link.BrowserHash)
            .Blob("code_verifier", link.CodeVerifier)
            .Text("request", StateJson.From(link.Request))
            .Time("expires_at", link.ExpiresAt);

    private static LinkSession Read(DbDataReader r) =>
        new(
            r.GetString(0),
            new AccountKey(
                new OrganizationId(r.GetString(1)),
                new UserId(r.GetString(2)),
                new ConnectionName(r.GetString(3)),
                r.GetString(4)
            ),
            new AccountId(r.GetString(5)),
            r.GetString(6),
            r.GetInt64(7),
            Enum.Parse<LinkStatus>(r.GetString(8)),
            r.GetString(9),
            r.TextOrNull(10),
            r.TextOrNull(11),
            r.Blob(12),
            StateJson.To<LinkRequest>(r.GetString(14)),
            r.Time(15),
            r.Time(16)
        );
}
