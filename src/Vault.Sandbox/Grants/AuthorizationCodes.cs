using System.Collections.Concurrent;

namespace Vault.Sandbox.Grants;

/// <summary>An authorization code: single use, 60 seconds, bound to client, redirect URI and PKCE challenge.</summary>
internal sealed class AuthorizationCode
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    public required string Value { get; init; }

    public required string ClientId { get; init; }

    public required string RedirectUri { get; init; }

    public required string Challenge { get; init; }

    public required string Subject { get; init; }

    public required string[] Scopes { get; init; }

    public string? Nonce { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// Held while the code is checked and marked as used, so that a replay sees the family to revoke.
    /// </summary>
    public Lock Sync { get; } = new();

    public bool Spent { get; set; }

    public GrantFamily? Issued { get; set; }
}

/// <summary>
/// The issued codes. Used ones are remembered for ten minutes, so that a replay is detected and revokes the grant.
/// </summary>
internal sealed class AuthorizationCodes
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, AuthorizationCode> _codes = new(StringComparer.Ordinal);
    private readonly Queue<AuthorizationCode> _order = new();
    private readonly Lock _orderSync = new();

    public void Add(AuthorizationCode code, DateTimeOffset now)
    {
        _codes[code.Value] = code;
        lock (_orderSync)
        {
            _order.Enqueue(code);
            while (_order.TryPeek(out var oldest) && now - oldest.ExpiresAt > Remembered)
            {
                _codes.TryRemove(_order.Dequeue().Value, out _);
            }
        }
    }

    public AuthorizationCode? Find(string value) => _codes.GetValueOrDefault(value);
}
