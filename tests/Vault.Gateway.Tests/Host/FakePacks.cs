using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Gateway.Tests.Host;

/// <summary>Two providers: one with consent, one with a key.</summary>
internal sealed class FakePacks : IPacks, IPackReader
{
    private readonly Dictionary<string, Tool> _tools;

    public FakePacks()
    {
        All = [Acme(), Keyed()];
        _tools = All.SelectMany(p => p.Tools.Select(t => new Tool(p, t, new NeedsId())))
            .ToDictionary(t => t.Definition.Name);
    }

    public IReadOnlyCollection<ProviderPack> All { get; private set; }

    public void Add(ProviderPack pack)
    {
        All = [.. All, pack];
        foreach (var tool in pack.Tools)
            _tools.TryAdd(tool.Name, new Tool(pack, tool, new NeedsId()));
    }

    /// <summary>The pack leads to another address from now on.</summary>
    public void Redirect(string provider, string url) =>
        All = [
            .. All.Select(p =>
                p.Id == provider
                    ? p with
                    {
                        Details = p.Details with { Api = new ApiShape { BaseUrl = UrlTemplate.Parse(url) } },
                    }
                    : p
            ),
        ];

    /// <summary>Changes one tool for this host.</summary>
    public void Change(string name, Func<ToolDefinition, ToolDefinition> change) =>
        _tools[name] = _tools[name] with { Definition = change(_tools[name].Definition) };

    public bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? pack) =>
        (pack = All.FirstOrDefault(p => p.Id == providerId)) is not null;

    public bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool) => _tools.TryGetValue(name, out tool);

    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null) =>
        [
            .. _tools
                .Values.Where(t =>
                    t.Definition.Name.Contains(query, StringComparison.Ordinal)
                    && (provider is null || t.Pack.Id == provider)
                    && visible?.Invoke(t) != false
                )
                .Take(limit),
        ];

    public PackReading Read(ReadOnlyMemory<byte> json, string source) =>
        json.Span.IndexOf("\"id\""u8) < 0
            ? new PackReading(null, [new Violation("/id", "is required (line 1)")])
            : new PackReading(All.First(), []);

    private static ProviderPack Acme() =>
        new()
        {
            Id = "acme",
            Version = "1",
            DisplayName = "Acme",
            AuthModes = [AuthMode.AuthorizationCode],
            Refresh = new RefreshPolicy { Rotation = Rotation.SingleUse },
            Hosts = ["api.acme.example"],
            DefaultScopes = ["openid"],
            Details = Details(ImmutableSortedDictionary<AuthMode, CredentialShape>.Empty),
            Tools =
            [
                Tool("acme_get_item", Effect.Read, "items:read"),
                Tool("acme_delete_item", Effect.Destructive, "items:write"),
            ],
        };

    private static ProviderPack Keyed() =>
        new()
        {
            Id = "keyed",
            Version = "1",
            DisplayName = "Keyed",
            AuthModes = [AuthMode.ApiKey],
            Refresh = new RefreshPolicy { Rotation = Rotation.Mints },
            Hosts = ["api.keyed.example"],
            Details = Details(
                ImmutableSortedDictionary<AuthMode, CredentialShape>.Empty.Add(
                    AuthMode.ApiKey,
                    new CredentialShape(
                        ImmutableSortedDictionary<string, CredentialField>.Empty.Add(
                            "api_key",
                            new CredentialField("API key", "^sk_[a-z0-9_]+$", true, false, "starts with sk_")
                        )
                    )
                )
            ),
            Tools = [Tool("keyed_get_item", Effect.Read)],
        };

    private static PackDetails Details(ImmutableSortedDictionary<AuthMode, CredentialShape> credentials) =>
        new()
        {
            Api = new ApiShape { BaseUrl = UrlTemplate.Parse("https://api.acme.example") },
            Credentials = credentials,
        };

    private static ToolDefinition Tool(string name, Effect effect, params string[] scopes) =>
        new()
        {
            Name = name,
            Version = "1",
            Description = "Does what " + name + " says.",
            Effect = effect,
            Idempotency = Idempotency.Natural,
            Scopes = new ScopeRequirement([.. scopes.Select(s => ImmutableArray.Create(s))]),
            InputSchema = JsonDocument
                .Parse(
                    """{"type":"object","required":["id"],"additionalProperties":false,"properties":{"id":{"type":["string","null"],"description":"Which."}}}"""
                )
                .RootElement,
            Request = new ToolRequest { Method = "GET", Url = UrlTemplate.Parse("/items/{id}") },
        };

    private sealed class NeedsId : IInputSchema
    {
        public IReadOnlyList<Violation> Validate(JsonElement input) =>
            input.TryGetProperty("id", out _) ? [] : [new Violation("/id", "is required")];
    }
}
