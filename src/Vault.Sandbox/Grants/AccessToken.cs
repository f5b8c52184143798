namespace Vault.Sandbox.Grants;

internal enum AccessState
{
    Live,
    Expired,
    Revoked,
    RefusedEarly,
}

/// <summary>
/// An issued access token. Reading its state is lock-free: each way to end is one flag or number that changes only in
/// one direction, so a reader that sees "live" saw a moment when the token was live.
/// </summary>
internal sealed class AccessToken(
    string value,
    GrantFamily family,
    string[] scopes,
    DateTimeOffset issuedAt,
    DateTimeOffset expiresAt
)
{
    private long _expiresAtTicks = expiresAt.UtcTicks;
    private volatile bool _revoked;
    private volatile bool _refusedEarly;

    public string Value { get; } = value;

    public GrantFamily Family { get; } = family;

    public string[] Scopes { get; } = scopes;

    public string ScopeText { get; } =
        scopes.Length == family.Scopes.Length ? family.ScopeText : string.Join(' ', scopes);

    public DateTimeOffset IssuedAt { get; } = issuedAt;

    public DateTimeOffset ExpiresAt => new(Interlocked.Read(ref _expiresAtTicks), TimeSpan.Zero);

    public AccessState StateAt(DateTimeOffset now)
    {
        if (_revoked || Family.IsDead)
        {
            return AccessState.Revoked;
        }

        if (now.UtcTicks >= Interlocked.Read(ref _expiresAtTicks))
        {
            return AccessState.Expired;
        }

        return _refusedEarly ? AccessState.RefusedEarly : AccessState.Live;
    }

    public bool Has(string scope) => Array.IndexOf(Scopes, scope) >= 0;

    public void Revoke() => _revoked = true;

    /// <summary>
    /// From now on the API rejects this token although it has not expired; the token of the next refresh is not
    /// affected.
    /// </summary>
    public void RefuseEarly() => _refusedEarly = true;

    public void ExpireAt(DateTimeOffset at) => Interlocked.Exchange(ref _expiresAtTicks, at.UtcTicks);
}
