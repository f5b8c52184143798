using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;

namespace Vault.Core.Refresh;

/// <summary>
/// The operations on an account, on the silo where its grain is active; the grain calls them.
/// Two at once (two hosts on one store, two activations of a grain) are as correct as one: the store arbitrates by
/// compare-and-swap.
/// </summary>
public sealed class AccountOwner(
    AccountRefresher refresher,
    AccountRevoker revoker,
    GrantStore grantStore,
    AccountResolver resolver,
    IOrganizationStore organizations
) : IAccounts
{
    public Task<Result<RefreshResult>> RefreshAsync(
        AccountKey key,
        long? seenGeneration,
        RefreshReason why,
        CancellationToken cancellationToken
    ) => refresher.RefreshAsync(key, seenGeneration, why, cancellationToken);

    public Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    ) => revoker.RevokeAsync(key, requestedBy, reason, cancellationToken);

    public async Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        var organization = await organizations.FindAsync(key.Organization, cancellationToken).ConfigureAwait(false);
        return organization is null
            ? new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.")
            : await grantStore
                .PrepareAsync(
                    key,
                    connectionId,
                    provider,
                    requestedScopes,
                    organization.State.Gate,
                    requestedBy,
                    cancellationToken
                )
                .ConfigureAwait(false);
    }

    public Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        NewGrant newGrant,
        CancellationToken cancellationToken
    ) => grantStore.StoreGrantAsync(key, newGrant, cancellationToken);

    public Task<Result<AccountPointer>> ResolveAsync(AccountQuestion question, CancellationToken cancellationToken) =>
        resolver.ResolveAsync(question, cancellationToken);
}
