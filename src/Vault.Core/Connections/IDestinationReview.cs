using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

/// <summary>What a change of addresses means for the accounts of a connection.</summary>
public interface IDestinationReview
{
    /// <summary>
    /// The number of active accounts that the change stops: what their credentials are bound to does not cover the new
    /// addresses. Credentials that an earlier version sealed without destinations are first bound to the addresses in
    /// force, so the change cannot redirect them.
    /// </summary>
    /// <param name="connection">As it is now.</param>
    /// <param name="now">The pack in force.</param>
    /// <param name="next">The pack after the change; the same when only the connection changes.</param>
    /// <param name="parameters">The connection's parameters after the change.</param>
    /// <param name="cancellationToken">Cancels the review; the credentials bound until then stay bound.</param>
    Task<Result<long>> StoppedByAsync(
        ConnectionRow connection,
        ProviderPack now,
        ProviderPack next,
        ImmutableSortedDictionary<string, string> parameters,
        CancellationToken cancellationToken
    );
}
