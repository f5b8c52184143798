using System.Collections.Immutable;

namespace Vault.Core.OAuth;

/// <summary>
/// What a consent was given to, kept with the grant: a refresh presents the same client, endpoint and resource,
/// whatever
/// the connection and the pack say by then. A refresh token that is shown to another client or endpoint is refused
/// there, at best; many providers end the grant.
/// </summary>
/// <param name="ClientId">The OAuth client; only it may use the grant (RFC 6749 6).</param>
/// <param name="TokenOrigin">Scheme, host and port of the endpoint for refreshes; null when the pack has none.</param>
/// <param name="Parameters">The connection's parameters of that time, which are part of endpoint and resource.</param>
public sealed record ConsentTerms(
    string? ClientId,
    string? TokenOrigin,
    ImmutableSortedDictionary<string, string> Parameters
);
