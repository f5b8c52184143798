using Vault.Core.Consent;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Providers;

internal sealed record ProviderView(
    string Id,
    string Version,
    string DisplayName,
    string? DocsUrl,
    bool DevelopmentOnly,
    IReadOnlyList<string> CredentialTypes,
    Rotation Rotation,
    IReadOnlyList<string> DefaultScopes,
    IReadOnlyList<string> Hosts,
    IReadOnlyList<ParameterView> Parameters,
    IReadOnlyList<CredentialFieldView> CredentialFields,
    IReadOnlyList<string> Tools,
    string Confidence,
    IReadOnlyList<string> Notes
)
{
    public static ProviderView Of(ProviderPack pack) =>
        new(
            pack.Id,
            pack.Version,
            pack.DisplayName,
            pack.DocsUrl,
            pack.DevelopmentOnly,
            [.. CredentialRules.Kinds(pack)],
            pack.Refresh.Rotation,
            pack.DefaultScopes,
            pack.Hosts,
            [
                .. pack.Details.Parameters.Select(p => new ParameterView(
                    p.Key,
                    p.Value.Source,
                    p.Value.Required,
                    p.Value.Pattern,
                    p.Value.Default,
                    p.Value.Example,
                    p.Value.Description
                )),
            ],
            [
                .. pack.Details.Credentials.SelectMany(c =>
                    c.Value.Fields.Select(f => new CredentialFieldView(
                        CredentialKinds.Name(c.Key),
                        f.Key,
                        f.Value.Label,
                        f.Value.Required,
                        f.Value.Multiline,
                        f.Value.Description
                    ))
                ),
            ],
            [.. pack.Tools.Select(t => t.Name)],
            pack.Details.Confidence,
            pack.Details.Notes
        );
}

internal sealed record ParameterView(
    string Name,
    ParameterSource Source,
    bool Required,
    string Pattern,
    string? Default,
    string? Example,
    string? Description
);

internal sealed record CredentialFieldView(
    string CredentialType,
    string Name,
    string Label,
    bool Required,
    bool Multiline,
    string? Description
);

internal sealed record PackVerdictView(bool Valid, string? Id, string? Version, IReadOnlyList<string> Tools);
