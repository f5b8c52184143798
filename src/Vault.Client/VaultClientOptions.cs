namespace Vault.Client;

/// <summary>The vault's address and the API key. Not a record, so that ToString does not print the key.</summary>
public sealed class VaultClientOptions
{
    /// <summary>
    /// For example <c>https://vault.example.com</c>; http only on loopback, because every request carries the key.
    /// </summary>
    public required Uri BaseAddress { get; init; }

    /// <summary><c>vk_live_…</c></summary>
    public required string ApiKey { get; init; }

    /// <summary>
    /// <c>org_…</c>; required with a platform key, optional with a key that is bound to an organization.
    /// </summary>
    public string? OrganizationId { get; init; }

    /// <summary>How often a request is retried after a lost response or a retryable failure; 0 for never.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The maximum pause before a retry; if the vault asks for a longer one, the call fails instead.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The timeout of one attempt. It should exceed the execution's <c>timeout_ms</c>; otherwise the response is lost
    /// and requested again.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(130);

    internal string? Fault =>
        !BaseAddress.IsAbsoluteUri || BaseAddress.Scheme is not ("https" or "http") || BaseAddress.PathAndQuery != "/"
            ? "BaseAddress is an origin without path, for example https://vault.example.com"
        : BaseAddress.Scheme == "http" && !BaseAddress.IsLoopback ? "BaseAddress is http; only loopback may be"
        : string.IsNullOrWhiteSpace(ApiKey) || ApiKey.Any(c => c is <= ' ' or > '~') ? "ApiKey is not a valid key"
        : Retries is < 0 or > 10 ? "Retries is 0 to 10"
        : LongestPause < TimeSpan.Zero ? "LongestPause is not negative"
        : AttemptTimeout <= TimeSpan.Zero ? "AttemptTimeout is positive"
        : null;
}
