namespace Vault.Core.Identity;

/// <summary>How far revoking at the provider has come after the local revocation.</summary>
public enum UpstreamRevocation
{
    /// <summary>Nothing to revoke, or not revoked.</summary>
    None,
    Pending,
    Confirmed,
    Refused,
    NoEndpoint,
}
