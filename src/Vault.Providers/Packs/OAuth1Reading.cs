using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>
/// Reads the <c>oauth1</c> part: consent by RFC 5849, which results in the pack's api_key credential.
/// </summary>
internal static class OAuth1Reading
{
    private static readonly IReadOnlyDictionary<string, string> Methods = new SortedDictionary<string, string>(
        StringComparer.Ordinal
    )
    {
        ["HMAC-SHA1"] = "HMAC-SHA1",
        ["HMAC-SHA256"] = "HMAC-SHA256",
    };

    public static OAuth1Shape? Read(PackNode pack, PackScope scope, IReadOnlyCollection<AuthMode> modes, ApiShape api)
    {
        var node = pack.Object("oauth1");
        if (node is null)
            return null;
        if (modes.Contains(AuthMode.AuthorizationCode))
            pack.Fault("oauth1", "is combined with authorization_code: a pack has one kind of consent");
        var (temporary, authorization, token) = (
            scope.Url(node, "temporary_url", required: true),
            scope.Url(node, "authorization_url", required: true),
            scope.Url(node, "token_url", required: true)
        );
        var method = node.Choice("signature", "HMAC-SHA1", Methods, required: true);
        if (!api.Auth.Any(a => a is { Place: CredentialPlace.OAuth1, Mode: AuthMode.ApiKey }))
            pack.Fault(
                "oauth1",
                "yields a credential that no call uses: api.auth needs an entry in 'oauth1' for the mode api_key"
            );
        else if (!api.Auth.Any(a => a is { Place: CredentialPlace.OAuth1, Mode: AuthMode.ApiKey } && a.Name == method))
            node.Fault("signature", "differs from the method of api.auth");
        var parameters = node.TextMap("authorization_parameters");
        foreach (var (name, value) in parameters)
        {
            if (name.StartsWith("oauth_", StringComparison.Ordinal))
                node.Faults.Add(
                    $"{node.At("authorization_parameters")}/{LineIndex.Escape(name)}",
                    "is set by the vault"
                );
            HeaderReading.CheckTemplate(node, "authorization_parameters/" + name, value, scope, "client_id");
        }

        var (scopes, separator) = (node.Text("scope_parameter"), node.Text("scope_separator") ?? ",");
        node.Done();
        return temporary is null || authorization is null || token is null
            ? null
            : new OAuth1Shape(temporary, authorization, token, method, parameters, scopes, separator);
    }
}
