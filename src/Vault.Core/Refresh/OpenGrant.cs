using Vault.Core.OAuth;

namespace Vault.Core.Refresh;

/// <summary>
/// The opened form of a grant that is being committed, for the credential cache: after the commit this process uses it
/// without reading the row back and decrypting it. The cache copies it; the caller disposes its own.
/// </summary>
/// <param name="Credential">The row's static credential; null when it has none.</param>
/// <param name="AsOf">Monotonic time from before the row and its gate were last confirmed. The age counts from here, so
/// a gate that closed during the call to the provider is noticed within the freshness lease (law 8).</param>
public sealed record OpenGrant(GrantTokens Tokens, StaticCredential? Credential, long AsOf);
