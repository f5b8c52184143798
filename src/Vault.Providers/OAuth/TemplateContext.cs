using System.Collections.Immutable;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Egress;

namespace Vault.Providers.OAuth;

/// <summary>Expands the variables of a pack's templates, and a URL template into a URL that may be called.</summary>
internal sealed class TemplateContext(
    ProviderPack pack,
    ImmutableSortedDictionary<string, string> parameters,
    string? clientId,
    Destinations? bound
)
{
    /// <summary>The fault of a URL outside the origins of the credential that would be sent to it.</summary>
    public const string DestinationChanged = "destination_changed";

    public static TemplateContext Of(TokenClient client) =>
        new(client.Pack, client.Parameters, client.Connection.ClientId, client.Bound);

    /// <summary>A parameter (checked against its pattern again) or the client id; null if there is none.</summary>
    public string? Value(string name) => name == "client_id" ? clientId : PackParameters.Find(pack, parameters, name);

    /// <summary>Null with the reason if a variable is empty or the URL is outside the pack's hosts.</summary>
    public Uri? ExpandUrl(
        UrlTemplate template,
        EgressPolicy policy,
        out string? fault,
        Func<string, string?>? also = null
    )
    {
        var text = template.Expand(name => also?.Invoke(name) ?? Value(name), out var missing);
        if (text is null)
        {
            fault = "parameter_missing:" + missing;
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            fault = "url_malformed";
            return null;
        }

        // The callers compare origins before they open a credential. Compared again here, where the URL is made, so
        // that
        // no call can forget to (law 10).
        fault = policy.Refusal(pack, url) ?? (bound is null || bound.Covers(url) ? null : DestinationChanged);
        return fault is null ? url : null;
    }

    /// <summary>Expands a template; null if a variable is empty.</summary>
    public string? Expand(string template, Func<string, string?>? also = null) =>
        TextTemplate.Expand(template, name => also?.Invoke(name) ?? Value(name), out _);
}
