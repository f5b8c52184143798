namespace Vault.Core.Identity;

/// <summary>The progress of the revocation at the provider, after the local one.</summary>
public enum UpstreamRevocation
{
    /// <summary>Nothing to revoke, or not revoked.</summary>
    None,
    Pending,
    Confirmed,
    Refused,
    NoEndpoint,
}
