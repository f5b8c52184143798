using Vault.Sandbox.Clients;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// The scopes of a request: the named ones, or all of the client's if it names none (RFC 6749 section 3.3).
/// </summary>
internal static class RequestedScopes
{
    public static (string[] Scopes, OAuthError? Error) Resolve(SandboxClient client, string? asked)
    {
        if (asked is null)
        {
            return ([.. client.Scopes], null);
        }

        var scopes = SandboxScopes.Split(asked);
        var foreign = scopes.Where(s => !client.Scopes.Contains(s)).ToList();
        return foreign.Count == 0
            ? (scopes, null)
            : (
                [],
                OAuthError.InvalidScope(
                    $"the client may not request {string.Join(", ", foreign)}; it may request "
                        + $"{string.Join(' ', client.Scopes)}"
                )
            );
    }
}
