namespace Vault.Core.Connections;

public sealed record ConnectOptions
{
    /// <summary>Allows http on loopback for redirect URLs, return URLs and the cookie.</summary>
    public bool Development { get; init; }

    /// <summary>The lifetime of a link that was not opened.</summary>
    public TimeSpan LinkLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The time for the consent at the provider after the link was opened.</summary>
    public TimeSpan ConsentLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long after the callback the code may be exchanged. Codes of providers are valid for 30 seconds to 10 minutes
    /// (RFC 6749 4.1.2).
    /// </summary>
    public TimeSpan ExchangeWindow { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The timeout of one call to a token, identity or revocation endpoint during a consent.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The time after the callback when no host works on the consent any more: it covers the exchange, the identity
    /// call, and the revocation of tokens that are not stored.
    /// </summary>
    public TimeSpan ExchangeLimit => ExchangeWindow + CallTimeout + CallTimeout;

    /// <summary>
    /// How long callers with the same dead account get the same reconnect link, so that a burst of errors creates one
    /// link and not hundreds.
    /// </summary>
    public TimeSpan ReconnectLinkReuse { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (LinkLifetime < TimeSpan.FromMinutes(1) || LinkLifetime > TimeSpan.FromHours(1))
            faults.Add("link_lifetime: give 1 to 60 minutes.");
        if (ConsentLifetime < TimeSpan.FromMinutes(1) || ConsentLifetime > TimeSpan.FromHours(1))
            faults.Add("consent_lifetime: give 1 to 60 minutes.");
        if (CallTimeout < TimeSpan.FromSeconds(1) || CallTimeout > ExchangeWindow)
            faults.Add("call_timeout: give at least 1 second and no more than the exchange window.");
        return faults;
    }
}
