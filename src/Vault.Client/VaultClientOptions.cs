namespace Vault.Client;

/// <summary>Where the vault is and who asks. No record, so that nothing prints the key.</summary>
public sealed class VaultClientOptions
{
    /// <summary>
    /// For example <c>https://vault.example.com</c>; http only on loopback, because the key travels with every request.
    /// </summary>
    public required Uri BaseAddress { get; init; }

    /// <summary><c>vk_live_…</c></summary>
    public required string ApiKey { get; init; }

    /// <summary>
    /// <c>org_…</c>; needed with a key of the platform, may be left out with a key that is bound to an organization.
    /// </summary>
    public string? OrganizationId { get; init; }

    /// <summary>
    /// How often a request is sent again when its answer was lost or says that it may be; 0 for never.
    /// </summary>
    public int Retries { get; init; } = 3;

    /// <summary>The longest pause taken before a retry; who is told to wait longer gets the error instead.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Of one attempt. Longer than the execution's own <c>timeout_ms</c>, or its answer is lost here and asked for
    /// again.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(130);

    internal string? Fault =>
        !BaseAddress.IsAbsoluteUri || BaseAddress.Scheme is not ("https" or "http") || BaseAddress.PathAndQuery != "/"
            ? "BaseAddress is an origin without path, for example https://vault.example.com"
        : BaseAddress.Scheme == "http" && !BaseAddress.IsLoopback ? "BaseAddress is http; only loopback may be"
        : string.IsNullOrWhiteSpace(ApiKey) || ApiKey.Any(c => c is <= ' ' or > '~') ? "ApiKey is no key"
        : Retries is < 0 or > 10 ? "Retries is 0 to 10"
        : LongestPause < TimeSpan.Zero ? "LongestPause is not negative"
        : AttemptTimeout <= TimeSpan.Zero ? "AttemptTimeout is positive"
        : null;
}
