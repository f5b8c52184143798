using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Providers.Packs;

namespace Vault.Import;

/// <summary>
/// Plans an import: reads the document one operation at a time, converts each to a tool or records why not, and
/// validates every tool with the pack reader.
/// </summary>
public sealed class ToolImport(IPacks packs) : IToolImport
{
    public Result<ImportPlan> Plan(ImportRequest request, ReadOnlyMemory<byte> document, string? previous)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (document.Length > ImportRequest.MaxDocument)
            return new VaultError(
                ErrorCatalogue.TooLarge,
                $"The document has more than {ImportRequest.MaxDocument} bytes."
            );
        if (!IsWord(request.Provider) || request.Provider.Length > 40)
            return VaultError.Invalid(
                "provider",
                "is an id: at most 40 characters of a-z, 0-9 and '_', beginning with a letter"
            );
        if (!IsWord(request.Set) || request.Set.Length > 40)
            return VaultError.Invalid("set", "is at most 40 characters of a-z, 0-9 and '_', beginning with a letter");
        if (!System.Text.Unicode.Utf8.IsValid(document.Span))
            return VaultError.Invalid("document", "is not UTF-8");
        try
        {
            return Described.Open(document).TryGet(out var description, out var wrong)
                ? Plan(
                    request,
                    description,
                    Convert.ToHexStringLower(SHA256.HashData(document.Span)),
                    PreviousSet.Read(previous)
                )
                : wrong;
        }
        catch (FormatException e)
        {
            return VaultError.Invalid("document", e.Message);
        }
        catch (InvalidOperationException) when (HasLoneSurrogate(document.Span))
        {
            return VaultError.Invalid("document", "has an escape of a lone surrogate");
        }
        catch (InvalidOperationException)
        {
            // A string where the specification requires an object, outside of any one operation. The document is the
            // caller's, so this is the caller's error.
            return VaultError.Invalid("document", "does not conform to its specification");
        }
        catch (JsonException e)
        {
            return VaultError.Invalid(
                "document",
                $"is not JSON near line {(e.LineNumber ?? 0) + 1}, or nested too deeply"
            );
        }
    }

    // The grammar of JSON allows an escape like \ud800 without its other half (RFC 8259 8.2). It is no Unicode string,
    // so the reader throws when the string is read, and not before.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> document)
    {
        var json = document.StartsWith("\uFEFF"u8) ? document[3..] : document;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonSlices.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped)
                    _ = reader.GetString();
            }
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }

        return false;
    }

    /// <summary>Whether the document is JSON; everything else is parsed as YAML.</summary>
    public static bool IsJson(ReadOnlySpan<byte> document) =>
        (document.StartsWith("\uFEFF"u8) ? document[3..] : document).TrimStart(" \t\r\n"u8) is [(byte)'{', ..];

    public byte[] MarkRemoved(string set, string by, DateTimeOffset at)
    {
        var previous = PreviousSet.Read(set);
        using var document = JsonDocument.Parse(set, new JsonDocumentOptions { MaxDepth = 64 });
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        foreach (
            var member in document
                .RootElement.EnumerateObject()
                .Where(m => m.Name is "format" or "extends" or "set" or "source")
        )
            member.WriteTo(writer);
        writer.WriteStartObject("removed");
        writer.WriteString("by", by);
        writer.WriteString("at", at);
        writer.WriteEndObject();
        writer.WriteStartObject("operations");
        foreach (var (operation, name) in previous.Names.OrderBy(o => o.Key, StringComparer.Ordinal))
            writer.WriteString(operation, name);
        writer.WriteEndObject();
        previous.WriteRemoved(writer, _ => false);
        writer.WriteStartArray("tools");
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private Result<ImportPlan> Plan(
        ImportRequest request,
        IDescription description,
        string document,
        PreviousSet previous
    )
    {
        byte[]? newPack = null;
        if (!packs.TryGet(request.Provider, out var pack))
        {
            if (!NewPack.From(request.Provider, description).TryGet(out newPack, out var none))
                return none;
            var reading = new PackReader().Read(newPack, "pack created from the document");
            if (reading.Pack is null)
                return new VaultError(
                    ErrorCatalogue.PackInvalid,
                    "The document does not yield a valid pack; write one (vaultctl packs new) and import into it."
                )
                {
                    Violations = [.. reading.Faults],
                };
            pack = reading.Pack;
        }

        var mine = previous.ToolNames.ToHashSet(StringComparer.Ordinal);
        // Includes tools of compatible packs (tools_of): the provider's accounts can run them too.
        var others = pack
            .Tools.Concat(pack.ToolsOf.SelectMany(id => packs.TryGet(id, out var lender) ? lender.Tools : []))
            .Where(t => !mine.Contains(t.Name))
            .ToList();
        var routes = others
            .GroupBy(t => Route(pack, t.Request.Method, t.Request.Url.Source))
            .ToDictionary(g => g.Key, g => g.First().Name, StringComparer.Ordinal);
        var taken = packs
            .All.SelectMany(p => p.Tools)
            .Select(t => t.Name)
            .Where(n => !mine.Contains(n))
            .ToHashSet(StringComparer.Ordinal);
        var names = ToolNaming.Names(request.Provider, description.Names(), previous.Names, taken);
        var builder = new ToolBuilder(
            description,
            request.Provider,
            new ImportUrls(pack.Details.Api.BaseUrl, pack.Hosts, description.Server)
        );
        var scope = new PackScope
        {
            Id = pack.Id,
            Hosts = pack.Hosts,
            DevelopmentOnly = pack.DevelopmentOnly,
            Parameters = pack.Details.Parameters,
        };
        var (made, tools, skipped, count) = (
            new SortedDictionary<string, (string Operation, byte[] Json)>(StringComparer.Ordinal),
            new List<ImportedTool>(),
            new List<SkippedOperation>(),
            0
        );
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var leftOut = new List<string>();
        foreach (var operation in description.Operations())
        {
            count++;
            if (!seen.Add(operation.Where))
            {
                skipped.Add(
                    new SkippedOperation(operation.Where, Reasons.AlreadyThere, "it occurs twice in the document")
                );
                continue;
            }

            if (SkipReason(request, operation) is { } refusal)
            {
                skipped.Add(new SkippedOperation(operation.Where, refusal.Reason, refusal.Detail));
                continue;
            }

            try
            {
                var (tool, json) = One(operation, names[operation.Where], builder, scope, previous);
                if (
                    operation.Constants.Length == 0
                    && routes.TryGetValue(Route(pack, tool.Method, tool.Url), out var there)
                )
                    throw new NotExpressibleException(Reasons.AlreadyThere, $"the tool {there} is the same operation");
                made[tool.Line.Name] = (operation.Where, json);
                leftOut.AddRange(operation.LeftOut.Select(line => $"{operation.Where}: {line}"));
                tools.Add(tool.Line);
            }
            catch (NotExpressibleException e)
            {
                skipped.Add(new SkippedOperation(operation.Where, e.Refusal.Reason, e.Refusal.Detail));
            }
            catch (InvalidOperationException)
            {
                // A value of the wrong type in this operation: only this operation is skipped.
                skipped.Add(
                    new SkippedOperation(operation.Where, Reasons.Schema, "it does not conform to its specification")
                );
            }
        }

        var set = Write(request, description, document, made, previous);
        return new ImportPlan
        {
            Format = description.Format,
            Title = description.Title,
            Operations = count,
            Tools = [.. tools.OrderBy(t => t.Name, StringComparer.Ordinal)],
            Removed = [.. mine.Where(name => !made.ContainsKey(name)).Order(StringComparer.Ordinal)],
            Skipped = [.. skipped],
            Notes = [.. Notes(description, newPack), .. leftOut],
            SetId = ToolSet.Id(request.Provider, request.Set),
            Set = set,
            NewPack = newPack,
            // A digest of the set covers a new pack as well: the set names its document, and the pack is derived from
            // it. So storing the same import twice gives the same digest.
            Digest = Convert.ToHexStringLower(SHA256.HashData(set)),
        };
    }

    private static Refusal? SkipReason(ImportRequest request, DescribedOperation operation)
    {
        if (request.Tags.Length > 0 && !operation.Tags.Intersect(request.Tags, StringComparer.OrdinalIgnoreCase).Any())
            return new Refusal(Reasons.NotAsked, "it has none of the requested tags");
        if (request.Paths.Length > 0 && !request.Paths.Any(p => operation.Path.StartsWith(p, StringComparison.Ordinal)))
            return new Refusal(Reasons.NotAsked, "it has none of the requested paths");
        return operation.Refusal
            ?? (
                operation.Deprecated && !request.Deprecated
                    ? new Refusal(Reasons.Deprecated, "the document calls it deprecated")
                    : null
            );
    }

    private static ((string Method, string Url, ImportedTool Line) Tool, byte[] Json) One(
        DescribedOperation operation,
        string name,
        ToolBuilder builder,
        PackScope scope,
        PreviousSet previous
    )
    {
        var node = builder.Build(operation, name);
        var (version, same, stands) = previous.Compare(name, Element(node));
        if (version is not null)
            node["version"] = same ? version : Next(version);
        var element = Element(node);
        var json = JsonSerializer.SerializeToUtf8Bytes(node);
        var faults = new PackFaults(new Lazy<LineIndex>(() => LineIndex.Build(json)));
        var definition = ToolReading.Tool(new PackNode(element, "", faults), scope, [scope.Id + "_"]);
        if (faults.Any)
            throw new NotExpressibleException(
                faults.All[0].Path.StartsWith("/input_schema", StringComparison.Ordinal)
                    ? Reasons.Schema
                    : Reasons.Pack,
                $"{faults.All[0].Path} {faults.All[0].Message}"
            );
        var change =
            !stands ? ImportChange.Added
            : same ? ImportChange.Unchanged
            : ImportChange.Changed;
        var line = new ImportedTool(
            name,
            operation.Where,
            definition.Effect,
            definition.Scopes.AllOf,
            JsonSerializer.SerializeToUtf8Bytes(node["input_schema"]).Length,
            change
        );
        return ((definition.Request.Method, definition.Request.Url.Source, line), json);
    }

    private static byte[] Write(
        ImportRequest request,
        IDescription description,
        string document,
        SortedDictionary<string, (string Operation, byte[] Json)> made,
        PreviousSet previous
    )
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber("format", PackReader.Format);
        writer.WriteString("extends", request.Provider);
        writer.WriteString("set", request.Set);
        writer.WriteString("source", $"{description.Format}: {description.Title}");
        writer.WriteString("document", document);
        writer.WriteStartObject("operations");
        // Remember removed operations, so that one that returns gets its previous name.
        var present = made.Values.Select(m => m.Operation).ToHashSet(StringComparer.Ordinal);
        foreach (
            var (operation, name) in previous
                .Names.Where(o => !present.Contains(o.Key))
                .OrderBy(o => o.Key, StringComparer.Ordinal)
        )
            writer.WriteString(operation, name);
        foreach (var (name, (operation, _)) in made)
            writer.WriteString(operation, name);
        writer.WriteEndObject();
        previous.WriteRemoved(writer, made.ContainsKey);
        writer.WriteStartArray("tools");
        foreach (var (_, json) in made.Values)
            writer.WriteRawValue(json);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static IEnumerable<string> Notes(IDescription description, byte[]? newPack)
    {
        if (newPack is not null)
            yield return "The provider is new: its pack is created from the document's security schemes. Check "
                + "hosts, rotation and error rules before production.";
        if (description is OpenApiDescription { HasWebhooks: true })
            yield return "The document's webhooks are calls by the provider and do not become tools.";
    }

    private static JsonElement Element(JsonNode node) => JsonSerializer.SerializeToElement(node);

    private static string Next(string version) =>
        int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (number + 1).ToString(CultureInfo.InvariantCulture)
            : version + ".1";

    /// <summary>Method and URL without parameter names: identifies the same operation under other names.</summary>
    private static string Route(ProviderPack pack, string method, string url)
    {
        var full = url.StartsWith('/') ? pack.Details.Api.BaseUrl.Source + url : url;
        return method
            + " "
            + string.Concat(
                full.Split('{')
                    .Select(
                        (part, i) =>
                            i == 0 ? part : "{" + part[Math.Max(part.IndexOf('}', StringComparison.Ordinal), 0)..]
                    )
            );
    }

    private static bool IsWord(string text) =>
        text.Length > 0
        && char.IsAsciiLetterLower(text[0])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
