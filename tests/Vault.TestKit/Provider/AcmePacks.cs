using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.TestKit.Provider;

/// <summary>One provider, <c>acme</c>, with a tool of each effect and the given refresh policy.</summary>
public sealed class AcmePacks : IPacks
{
    public const string Id = "acme";
    public const string List = "acme_list_things";
    public const string Send = "acme_send_thing";
    public const string Drop = "acme_drop_thing";
    public const string Api = "https://{host}";
    public const string ApiHost = "api.acme.example";
    public const string Auth = "https://auth.acme.example";
    private readonly RefreshPolicy _refresh;
    private ProviderPack _pack;

    public AcmePacks(RefreshPolicy refresh)
    {
        _refresh = refresh;
        _pack = Make(Api, Auth);
    }

    /// <summary>The pack is replaced by one that leads to other addresses.</summary>
    public void Replace(string api, string auth) => _pack = Make(api, auth);

    private ProviderPack Make(string api, string auth) =>
        new()
        {
            Id = Id,
            Version = "3",
            DisplayName = "Acme",
            AuthModes = [AuthMode.AuthorizationCode],
            Refresh = _refresh,
            Hosts = ["*.example"],
            Details = new PackDetails
            {
                Parameters = ImmutableSortedDictionary<string, PackParameter>
                    .Empty.Add(
                        "host",
                        new PackParameter(ParameterSource.Connection, "^[a-z.]+$", false, ApiHost, ApiHost, null)
                    )
                    .Add("site", new PackParameter(ParameterSource.Captured, "^[a-z.]+$", false, null, ApiHost, null)),
                Api = new ApiShape { BaseUrl = UrlTemplate.Parse(api) },
                OAuth = new OAuthShape { TokenUrl = UrlTemplate.Parse(auth + "/token") },
                Revocation = new RevocationShape(
                    UrlTemplate.Parse(auth + "/revoke"),
                    "POST",
                    TokenChoice.RefreshOrAccess,
                    CallAuthentication.Client,
                    BodyFormat.Form,
                    ImmutableSortedDictionary<string, string>.Empty,
                    "grant",
                    []
                ),
            },
            Tools =
            [
                Tool(List, Effect.Read, "read"),
                Tool(Send, Effect.Write, "write"),
                Tool(Drop, Effect.Destructive, "write"),
            ],
        };

    /// <summary>What a credential of this provider is bound to.</summary>
    public Destinations Origins => PackOrigins.Of(this, _pack, ImmutableSortedDictionary<string, string>.Empty);

    public IReadOnlyCollection<ProviderPack> All => [_pack];

    public bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? pack)
    {
        pack = providerId == Id ? _pack : null;
        return pack is not null;
    }

    public bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool)
    {
        tool = _pack.Tools.FirstOrDefault(t => t.Name == name) is { } found
            ? new Tool(_pack, found, new AnyObject())
            : null;
        return tool is not null;
    }

    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null) =>
        [];

    private static ToolDefinition Tool(string name, Effect effect, string scope) =>
        new()
        {
            Name = name,
            Version = "1",
            Description = name,
            Effect = effect,
            Idempotency = Idempotency.None,
            Scopes = new ScopeRequirement([ImmutableArray.Create(scope)]),
            InputSchema = JsonSerializer.SerializeToElement(new { type = "object" }),
            Request = new ToolRequest
            {
                Method = effect == Effect.Read ? "GET" : "POST",
                Url = UrlTemplate.Parse("/things"),
            },
        };

    private sealed class AnyObject : IInputSchema
    {
        public IReadOnlyList<Violation> Validate(JsonElement input) =>
            input.ValueKind == JsonValueKind.Object ? [] : [new Violation("", "must be an object")];
    }
}
