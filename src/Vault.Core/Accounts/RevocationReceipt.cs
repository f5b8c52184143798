using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>The receipt of a revocation: what happened here and at the provider.</summary>
/// <param name="Local">When no host will use the credential again.</param>
/// <param name="Provider">Confirmed, refused, no endpoint, or pending (the vault retries).</param>
/// <param name="Elapsed">From the request to the acknowledgement.</param>
public sealed record RevocationReceipt(
    AccountId Account,
    DateTimeOffset Local,
    UpstreamRevocation Provider,
    string? ProviderDetail,
    TimeSpan Elapsed
);
