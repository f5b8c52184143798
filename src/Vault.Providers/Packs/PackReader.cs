using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>
/// Reads a provider pack strictly: an unknown member, a wrong type, a host outside <c>hosts</c> or a rule that can
/// never work rejects the pack, with every fault's JSON pointer, line and reason. A pack decides where credentials are
/// sent, so nothing in it is guessed.
/// </summary>
public sealed class PackReader(int maxBytes) : IPackReader
{
    public const int Format = 1;

    /// <summary>Larger files are rejected unread.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    public PackReader()
        : this(MaxBytes) { }

    public PackReading Read(ReadOnlyMemory<byte> json, string source)
    {
        if (json.Length > maxBytes)
            return Refuse($"is larger than {maxBytes} bytes");
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        try
        {
            var lines = new Lazy<LineIndex>(() => LineIndex.Build(json.Span));
            using var document = Parse(json, lines, out var faults);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Refuse("is not a JSON object");
            var pack = Read(new PackNode(document.RootElement, "", faults));
            return faults.Any ? new PackReading(null, faults.All) : new PackReading(pack, []);
        }
        catch (JsonException e)
        {
            return Refuse(
                $"line {(e.LineNumber ?? 0) + 1}: is not JSON at byte {e.BytePositionInLine ?? 0} of that line"
            );
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader's exception when such a string is read.
            return Refuse("has a string that is not UTF-8, or an escape of a lone surrogate");
        }

        PackReading Refuse(string message) => new(null, [new Violation("", $"{source} {message}")]);
    }

    /// <summary>A duplicate member is a fault, because other parsers may read the other value.</summary>
    /// <exception cref="JsonException">Not JSON.</exception>
    internal static JsonDocument Parse(ReadOnlyMemory<byte> json, Lazy<LineIndex> lines, out PackFaults faults)
    {
        faults = new PackFaults(lines);
        try
        {
            return JsonDocument.Parse(
                json,
                new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false }
            );
        }
        catch (JsonException)
        {
            // Either invalid JSON, which the index rejects with its line, or a duplicate member.
            foreach (var duplicate in lines.Value.Duplicates)
                faults.Add(duplicate, "appears twice in its object");
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
        }
    }

    private static ProviderPack Read(PackNode node)
    {
        node.Text("$schema");
        if (node.Integer("format") is not Format)
            node.Fault("format", $"must be {Format}, the format that this vault supports");
        var id = node.Text("id", required: true) ?? "";
        if (id.Length > 0 && !IsId(id))
            node.Fault(
                "id",
                $"'{id}' is not an id: at most 40 characters of a-z, 0-9 and '_', beginning with a letter"
            );
        var version = node.Text("version", required: true) ?? "";
        if (version.Length > 0 && !IsVersion(version))
            node.Fault("version", $"'{version}' is not a version; write it like 1.0.0");
        var development = node.Flag("development_only");
        var modes = Modes(node);
        var hosts = Hosts(node, "hosts", development);
        var scope = new PackScope
        {
            Id = id,
            Hosts = hosts,
            DevelopmentOnly = development,
            Parameters = ApiReading.Parameters(node),
        };
        var credentials = ApiReading.Credentials(node, modes);
        var oauth = OAuthReading.OAuth(node, scope, modes);
        var api = ApiReading.Api(node, scope, modes, credentials);
        var tools = ToolReading.Tools(node, scope);
        var confidence = node.Text("confidence") ?? "unverified";
        if (!PackKeywords.Confidences.Contains(confidence))
            node.Fault("confidence", $"is '{confidence}'; use " + string.Join(", ", PackKeywords.Confidences.Order()));
        var pack = new ProviderPack
        {
            Id = id,
            Version = version,
            DisplayName = node.Text("display_name", required: true) ?? id,
            DocsUrl = node.Text("docs_url"),
            DevelopmentOnly = development,
            AuthModes = modes,
            Refresh = OAuthReading.Refresh(node, modes),
            DefaultScopes = node.Texts("default_scopes"),
            Hosts = hosts,
            FileHosts = node.Has("file_hosts") ? Hosts(node, "file_hosts", development) : [],
            Details = new PackDetails
            {
                Confidence = confidence,
                GrantsPerUser = node.Integer("grants_per_user", 1),
                Notes = node.Texts("notes"),
                ScopeRisks = ScopeRisksOf(node),
                ScopeImplications = new ScopeImplications(ImpliesOf(node)),
                KnownScopes = node.Has("known_scopes") ? node.Texts("known_scopes") : null,
                Parameters = scope.Parameters,
                OAuth = oauth,
                OAuth1 = OAuth1Reading.Read(node, scope, modes, api),
                Assertion = OAuthReading.Assertion(node, scope, modes, credentials),
                Credentials = credentials,
                Revocation = OAuthReading.Revocation(node, scope),
                Introspection = OAuthReading.Introspection(node, scope),
                Identity = OAuthReading.Probe(node, "identity", scope, identity: true),
                Verification = OAuthReading.Probe(node, "verification", scope, identity: false),
                Api = api,
                TokenErrors = RuleReading.Rules(node, "token_errors", PackKeywords.TokenMeanings),
                ApiErrors = RuleReading.Rules(node, "api_errors", PackKeywords.ApiMeanings),
                RetryAfter = RuleReading.RetryAfter(node),
            },
            Tools = [.. tools.Where((t, i) => IsCurrent(tools, i))],
            EarlierTools = [.. tools.Where((t, i) => !IsCurrent(tools, i))],
            ToolsOf = ToolsOf(node, id),
        };
        node.Done();
        return pack;
    }

    private static ImmutableSortedDictionary<string, ScopeRisk> ScopeRisksOf(PackNode node)
    {
        var risks = ImmutableSortedDictionary.CreateBuilder<string, ScopeRisk>(StringComparer.Ordinal);
        foreach (var (scope, word) in node.TextMap("scope_risks"))
        {
            if (ScopeRisks.Names.TryGetValue(word, out var risk))
                risks[scope] = risk;
            else
                node.Faults.Add(
                    $"{node.At("scope_risks")}/{LineIndex.Escape(scope)}",
                    $"is '{word}'; use " + string.Join(", ", ScopeRisks.Names.Keys)
                );
        }

        return risks.ToImmutable();
    }

    private static ImmutableSortedDictionary<string, ImmutableArray<string>> ImpliesOf(PackNode pack)
    {
        var implies = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        if (pack.Object("scope_implies") is not { } node)
            return implies.ToImmutable();
        foreach (var scope in node.Value.EnumerateObject().Select(m => m.Name))
        {
            implies[scope] = node.Texts(scope);
            if (scope.Count(c => c == '*') > 1)
                node.Fault(scope, "has more than one '*'");
            else if (
                !scope.Contains('*', StringComparison.Ordinal)
                && implies[scope].Any(s => s.Contains('*', StringComparison.Ordinal))
            )
                node.Fault(scope, "includes a scope with '*', but has no '*' itself");
        }

        node.Done();
        return implies.ToImmutable();
    }

    private static ImmutableArray<string> ToolsOf(PackNode node, string id)
    {
        var providers = ImmutableArray.CreateBuilder<string>();
        foreach (var (text, at) in node.TextsWithPlace("tools_of"))
        {
            if (!IsId(text))
                node.Faults.Add(at, $"'{text}' is not a provider id");
            else if (text == id)
                node.Faults.Add(at, "is the pack itself, which always has its own tools");
            else if (providers.Contains(text))
                node.Faults.Add(at, $"'{text}' is listed twice");
            else
                providers.Add(text);
        }

        return providers.ToImmutable();
    }

    private static ImmutableArray<AuthMode> Modes(PackNode node)
    {
        var modes = ImmutableArray.CreateBuilder<AuthMode>();
        foreach (var (text, at) in node.TextsWithPlace("auth_modes"))
        {
            if (!PackKeywords.Modes.TryGetValue(text, out var mode))
                node.Faults.Add(at, $"is '{text}'; use " + string.Join(", ", PackKeywords.Modes.Keys));
            else if (modes.Contains(mode))
                node.Faults.Add(at, $"'{text}' is listed twice");
            else
                modes.Add(mode);
        }

        if (!node.Has("auth_modes"))
            node.Fault("auth_modes", "is missing; name at least one of " + string.Join(", ", PackKeywords.Modes.Keys));
        else if (modes.Count == 0)
            node.Fault("auth_modes", "names no mode");
        return modes.ToImmutable();
    }

    private static ImmutableArray<string> Hosts(PackNode node, string name, bool development)
    {
        var hosts = ImmutableArray.CreateBuilder<string>();
        foreach (var (host, at) in node.TextsWithPlace(name))
        {
            if (HostRules.Fault(host) is { } fault)
                node.Faults.Add(at, $"'{host}' {fault}");
            else if (HostRules.IsLoopbackName(host) && !development)
                node.Faults.Add(at, $"'{host}' is loopback, which only a pack with development_only may name");
            else
                hosts.Add(host);
        }

        if (!node.Has(name))
            node.Fault(name, "is missing; name every host that may be called");
        else if (hosts.Count == 0)
            node.Fault(name, "has no valid host");
        return hosts.ToImmutable();
    }

    /// <summary>Of several versions of a tool the last one in the pack is current.</summary>
    private static bool IsCurrent(ImmutableArray<ToolDefinition> tools, int at) =>
        !tools.Skip(at + 1).Any(later => later.Name == tools[at].Name);

    private static bool IsId(string id) =>
        id.Length <= 40
        && char.IsAsciiLetterLower(id[0])
        && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');

    private static bool IsVersion(string version) =>
        version.Length <= 40
        && version.Split('.') is { Length: 3 } parts
        && parts.All(p => p.Length > 0 && p.All(char.IsAsciiDigit));
}
