namespace Vault.Core.Connections;

public sealed record ConnectOptions
{
    /// <summary>Allows plain http on loopback, for redirect and return URLs and for the cookie.</summary>
    public bool Development { get; init; }

    /// <summary>How long an unopened link lives.</summary>
    public TimeSpan LinkLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a person has at the provider after opening the link.</summary>
    public TimeSpan ConsentLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// From the callback on, how long the code may be exchanged; providers let codes live 30 seconds to 10 minutes (RFC
    /// 6749 4.1.2).
    /// </summary>
    public TimeSpan ExchangeWindow { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The longest single call to a token, identity or revocation endpoint while connecting.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// From the callback on, when nobody is at it any more: the exchange, the identity, and revoking what is not kept.
    /// </summary>
    public TimeSpan ExchangeLimit => ExchangeWindow + CallTimeout + CallTimeout;

    /// <summary>
    /// For how long callers that meet the same dead account are given the same reconnect link; a storm of errors then
    /// makes one link, not hundreds.
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
