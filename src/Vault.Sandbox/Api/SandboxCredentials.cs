using System.Collections.Concurrent;

namespace Vault.Sandbox.Api;

/// <summary>An API key of the echo API under /key-api. ToString prints only its subject.</summary>
public sealed record SandboxApiKey(string Key, string Subject, IReadOnlyList<string> Scopes)
{
    public override string ToString() => $"SandboxApiKey of {Subject}";
}

/// <summary>A user name and password of the echo API under /basic-api. ToString prints only names.</summary>
public sealed record SandboxLogin(string Username, string Password, string Subject, IReadOnlyList<string> Scopes)
{
    public override string ToString() => $"SandboxLogin {Username} of {Subject}";
}

/// <summary>The keys and logins of the echo API; a revocation takes effect with the next call.</summary>
public sealed class SandboxCredentials
{
    private readonly ConcurrentDictionary<string, SandboxApiKey> _keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SandboxLogin> _logins = new(StringComparer.Ordinal);

    internal SandboxCredentials(IEnumerable<SandboxApiKey> keys, IEnumerable<SandboxLogin> logins)
    {
        foreach (var key in keys)
        {
            Register(key);
        }

        foreach (var login in logins)
        {
            Register(login);
        }
    }

    public void Register(SandboxApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (string.IsNullOrWhiteSpace(key.Key) || string.IsNullOrWhiteSpace(key.Subject))
        {
            throw new ArgumentException("key and subject must not be empty");
        }

        _keys[key.Key] = key;
    }

    public void Register(SandboxLogin login)
    {
        ArgumentNullException.ThrowIfNull(login);
        if (
            string.IsNullOrEmpty(login.Username)
            || login.Username.Contains(':', StringComparison.Ordinal)
            || string.IsNullOrWhiteSpace(login.Subject)
        )
        {
            throw new ArgumentException(
                "username and subject must not be empty, and username has no colon (RFC 7617 section 2)"
            );
        }

        _logins[login.Username] = login;
    }

    public bool RevokeKey(string key) => _keys.TryRemove(key, out _);

    public bool RevokeLogin(string username) => _logins.TryRemove(username, out _);

    internal SandboxApiKey? FindKey(string key) => _keys.GetValueOrDefault(key);

    internal SandboxLogin? FindLogin(string username) => _logins.GetValueOrDefault(username);
}
