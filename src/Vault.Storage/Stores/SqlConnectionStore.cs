using System.Data.Common;
using System.Text.Json;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

internal sealed class SqlConnectionStore(IDatabase database) : IConnectionStore
{
    private const string Select = """
        select id, organization_id, name, provider, version, settings, client_secret, client_secret_key_version,
          secret_generation, created_at, updated_at
        from connections where organization_id = @organization
        """;

    private const string InsertSql = $"""
        insert into connections (id, organization_id, name, provider, version, settings, client_secret,
          client_secret_key_version, secret_generation, created_at, updated_at)
        select @id, @organization, @name, @provider, 1, @settings, @client_secret, @client_secret_key_version,
          @secret_generation, @created_at, @updated_at
        where true {Write.Guard} on conflict do nothing
        """;

    private const string UpdateSql = $"""
        update connections set name = @name, provider = @provider, version = @expected + 1, settings = @settings,
          client_secret = @client_secret,
          client_secret_key_version = @client_secret_key_version, secret_generation = @secret_generation,
          updated_at = @updated_at
        where id = @id and organization_id = @organization and version = @expected {Write.Guard}
        """;

    private const string DeleteSql = $"""
        delete from connections where id = @id and organization_id = @organization and version = @expected {Write.Guard}
        """;

    private const string NamingPostgres = "select organization_id, id from connections_naming(@names, @past, @take)";

    private const string NamingSqlite = """
        select c.organization_id, c.id from connections c
        where c.id > @past and exists (select 1 from json_each(c.settings, '$.tools') named
          where named.value in (select value from json_each(@names)))
        order by c.id limit @take
        """;

    public Task<ConnectionRow?> FindAsync(
        OrganizationId organization,
        ConnectionName name,
        CancellationToken cancellationToken
    ) =>
        database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(Select + " and name = @name")
                .Text("organization", organization.Value)
                .Text("name", name.Value),
            Read,
            cancellationToken
        );

    public Task<ConnectionRow?> FindAsync(
        OrganizationId organization,
        string id,
        CancellationToken cancellationToken
    ) =>
        database.ReadOneAsync(
            Scope.Of(organization),
            new Statement(Select + " and id = @id").Text("organization", organization.Value).Text("id", id),
            Read,
            cancellationToken
        );

    public Task<WriteOutcome> InsertAsync(
        ConnectionRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(
            Write.Insert(row.Organization, Bind(InsertSql, row).Time("created_at", row.CreatedAt), gate, drafts),
            cancellationToken
        );
    }

    public Task<WriteOutcome> UpdateAsync(
        ConnectionRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        return database.WriteAsync(
            Write.Plain(row.Organization, Bind(UpdateSql, row).Integer("expected", expectedVersion), drafts),
            cancellationToken
        );
    }

    public Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        string id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        database.WriteAsync(
            Write.Plain(
                organization,
                new Statement(DeleteSql)
                    .Text("id", id)
                    .Text("organization", organization.Value)
                    .Integer("expected", expectedVersion),
                drafts
            ),
            cancellationToken
        );

    public Task<Page<ConnectionRow>> ListAsync(
        OrganizationId organization,
        string? provider,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        var list = "connections/" + organization.Value;
        var after = PageCursor.Decode(list, cursor);
        var statement = new Statement(
            Select
                + (after is null ? "" : " and id > @after")
                + (provider is null ? "" : " and provider = @provider")
                + " order by id limit @take"
        ).Text("organization", organization.Value);
        if (after is not null)
            statement.Text("after", after);
        if (provider is not null)
            statement.Text("provider", provider);
        return database.PageAsync(
            Scope.Of(organization),
            statement,
            Read,
            list,
            pageSize,
            row => row.Id,
            cancellationToken
        );
    }

    public async Task<IReadOnlyList<ConnectionId>> FindNamingAsync(
        IReadOnlyCollection<string> tools,
        string after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(tools);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var statement = new Statement(database.Pick(NamingPostgres, NamingSqlite))
            .Text("past", after)
            .Integer("take", limit);
        return await database.ReadAsync(
            Scope.None,
            database.IsPostgres
                ? statement.Texts("names", [.. tools])
                : statement.Text("names", JsonSerializer.Serialize(tools)),
            r => new ConnectionId(new OrganizationId(r.GetString(0)), r.GetString(1)),
            cancellationToken
        );
    }

    private static Statement Bind(string sql, ConnectionRow row) =>
        new Statement(sql)
            .Text("id", row.Id)
            .Text("organization", row.Organization.Value)
            .Text("name", row.Name.Value)
            .Text("provider", row.Provider)
            .Text("settings", StateJson.From(row.Settings))
            .Blob("client_secret", row.ClientSecret)
            .Integer("secret_generation", row.SecretGeneration)
            .Time("updated_at", row.UpdatedAt);

    private static ConnectionRow Read(DbDataReader r) =>
        new(
            r.GetString(0),
            new OrganizationId(r.GetString(1)),
            new ConnectionName(r.GetString(2)),
            r.GetString(3),
            r.GetInt64(4),
            StateJson.To<ConnectionSettings>(r.GetString(5)),
            r.Blob(6),
            r.GetInt64(8),
            r.Time(9),
            r.Time(10)
        );
}
