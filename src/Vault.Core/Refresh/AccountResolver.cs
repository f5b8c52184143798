using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Concurrency;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>
/// Finds the account that a request means. An ambiguous request gets a 409 with the candidates, never a guess (law 1);
/// "the only token the user has" is no rule.
/// </summary>
/// <param name="cache">Gets the row that was found, so the execution does not read it again; null where another host
/// executes.</param>
public sealed class AccountResolver(
    IAccountStore store,
    TimeProvider time,
    LifecycleOptions options,
    CredentialCache? cache = null
)
{
    // The same age as in the credential cache, so that one read renews both.
    private readonly FreshCache<(OrganizationId, UserId, string), UserAccounts> _byUser = new(
        time,
        options.FreshnessLease * 0.9,
        10_000
    );
    private readonly FreshCache<(OrganizationId, AccountId), AccountRow> _byId = new(
        time,
        options.FreshnessLease,
        10_000
    );

    public async Task<Result<AccountPointer>> ResolveAsync(
        AccountQuestion question,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(question);
        if (question.Account is { } id)
            return await ByIdAsync(question, id, cancellationToken).ConfigureAwait(false);
        if (question.User is not { } user)
            return VaultError.Invalid("user_id", "State user_id, or the account as connected_account_id.");

        var accounts = await ForUserAsync(question.Organization, user, question.Provider, cancellationToken)
            .ConfigureAwait(false);
        if (accounts is null)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");
        if (!accounts.Gate.Open)
            return AccountErrors.Suspended();
        if (accounts.Rows.Count == 1 && Fits(accounts.Rows[0], question))
            return Pointer(accounts.Rows[0]);
        var fitting = accounts.Rows.Where(r => Fits(r, question)).ToList();
        foreach (var other in question.AlternativeProviders)
        {
            var more = await ForUserAsync(question.Organization, user, other, cancellationToken).ConfigureAwait(false);
            if (more is not null)
                fitting.AddRange(more.Rows.Where(r => Fits(r, question)));
        }

        if (fitting.Count == 1)
            return Pointer(fitting[0]);
        if (fitting.Count == 0)
            return AccountErrors.NotConnected();

        // Only accounts that could act make a request ambiguous. If none could, the one that was revoked says most
        // about
        // why, and then the one that was never connected or is disconnected.
        var real = fitting.GroupBy(r => Closeness(r.State.Status)).MinBy(g => g.Key)!.ToList();
        return real.Count == 1
            ? Pointer(real[0])
            : new VaultError(
                ErrorCatalogue.AccountAmbiguous,
                "Several accounts of the user match; state one as connected_account_id."
            )
            {
                Candidates = Candidates(real),
            };
    }

    private async Task<Result<AccountPointer>> ByIdAsync(
        AccountQuestion question,
        AccountId id,
        CancellationToken cancellationToken
    )
    {
        var row = await _byId
            .GetAsync(
                (question.Organization, id),
                async key =>
                    (await store.FindAsync(key.Item1, key.Item2, CancellationToken.None).ConfigureAwait(false))?.Row,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (row is null || !question.Reach.Allows(row.Key))
            return AccountErrors.NotConnected();

        // The stated account must match the rest of the request. Otherwise the caller may be acting for another user
        // than it believes.
        if (question.User is { } user && row.Key.User != user)
            return VaultError.Invalid("connected_account_id", "The account belongs to another user than user_id.");
        if (!Fits(row, question))
            return VaultError.Invalid(
                "connected_account_id",
                $"The account does not match provider '{question.Provider}' and the stated connection and label."
            );
        return Pointer(row);
    }

    private async ValueTask<UserAccounts?> ForUserAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    )
    {
        if (_byUser.TryGet((organization, user, provider), out var known))
            return known;
        var found = await _byUser
            .GetAsync((organization, user, provider), ReadAsync, cancellationToken)
            .ConfigureAwait(false);

        // An empty result is not cached: a user who has just connected must be found.
        if (found is { Rows.Count: 0 })
            _byUser.Drop((organization, user, provider));
        return found;
    }

    private async Task<UserAccounts?> ReadAsync((OrganizationId Organization, UserId User, string Provider) key)
    {
        var mark = cache?.Mark() ?? default;
        var found = await store
            .FindForUserAsync(key.Organization, key.User, key.Provider, CancellationToken.None)
            .ConfigureAwait(false);
        if (found is { Rows.Count: 1 })
            cache?.Offer(new AccountSnapshot(found.Rows[0], found.Gate), mark);
        return found;
    }

    private static int Closeness(AccountStatus status) =>
        status switch
        {
            AccountStatus.Revoked => 1,
            AccountStatus.PendingAuth or AccountStatus.Disconnected => 2,
            _ => 0,
        };

    private static AccountPointer Pointer(AccountRow row) => new(row.Key, row.Id);

    private static bool Fits(AccountRow row, AccountQuestion question) =>
        (row.Provider == question.Provider || question.AlternativeProviders.Contains(row.Provider))
        && (question.Connection is not { } connection || row.Key.Connection == connection)
        && (question.Label is not { } label || row.Key.Label == label)
        && question.Reach.Allows(row.Key);

    private static ImmutableArray<AccountCandidate> Candidates(IEnumerable<AccountRow> rows) =>
        [
            .. rows.Select(r => new AccountCandidate(
                r.Id.Value,
                r.Key.Connection.Value,
                r.Key.Label,
                r.State.Identity?.Email ?? r.State.Identity?.DisplayName
            )),
        ];
}
