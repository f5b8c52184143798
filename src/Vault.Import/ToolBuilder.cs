using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Import;

/// <summary>
/// Writes one operation as a tool of the pack format, with less and less schema detail until it fits the budget.
/// </summary>
internal sealed class ToolBuilder(IDescription document, string provider, ImportUrls urls)
{
    /// <summary>Maximum bytes of a tool's schema, about two thousand tokens of a model.</summary>
    public const int SchemaBudget = 8 * 1024;

    private const int ToolText = 600;
    private const int InputText = 300;

    /// <exception cref="NotExpressibleException">It cannot become a tool; the exception says why.</exception>
    public JsonObject Build(DescribedOperation operation, string name)
    {
        var url = urls.Of(operation);
        if (operation.Method == "GET" && operation.Body is { Required: true })
            throw new NotExpressibleException(Reasons.Body, "it is a GET with a body");
        var effect = EffectOf(operation, name);
        foreach (var detail in SchemaDetail.Steps)
        {
            // The rewriter's count is a lower bound, except for schemas with many empty schemas. So it stops only at
            // one and a half times the budget.
            var rewriter = new SchemaRewriter(document.Resolve, detail, SchemaBudget * 3 / 2);
            var inputs = new ToolInputs(rewriter);
            foreach (var parameter in operation.Parameters.Concat(Undeclared(operation)))
                inputs.Add(parameter, effect != Effect.Read, InputText);
            if (operation.Body is { } body && operation.Method != "GET")
                ToolBody.Add(inputs, body, InputText);
            var schema = inputs.Schema();
            if (rewriter.Over)
                continue;
            rewriter.Finish(schema);
            if (Encoding.UTF8.GetByteCount(schema.ToJsonString()) > SchemaBudget)
                continue;
            return Write(operation, name, effect, url, inputs, schema);
        }

        throw new NotExpressibleException(Reasons.Budget, $"its inputs need more than {SchemaBudget} bytes of schema");
    }

    /// <summary>Parameters of the path that the document does not declare.</summary>
    private static IEnumerable<DescribedParameter> Undeclared(DescribedOperation operation)
    {
        var declared = operation
            .Parameters.Where(p => p.In == ParameterPlace.Path)
            .Select(p => p.Name)
            .ToHashSet(StringComparer.Ordinal);
        return operation
            .Path.Split('{')
            .Skip(1)
            .Select(part => part.Split('}')[0])
            .Where(name => name.Length > 0 && declared.Add(name))
            .Select(name => new DescribedParameter(name, ParameterPlace.Path, true, default));
    }

    private Effect EffectOf(DescribedOperation operation, string name)
    {
        var destroys = ToolNaming.IsDestructive(provider, name);
        if (operation.Method == "GET")
        {
            if (destroys || operation.Annotated is Effect.Write or Effect.Destructive)
                throw new NotExpressibleException(
                    Reasons.GetActs,
                    "its description says that it changes something, but a GET may be repeated"
                );
            return Effect.Read;
        }

        // The document's annotation may lower the effect; a name may only raise it, so that no name makes a destructive
        // call look harmless.
        return operation.Annotated ?? (operation.Method == "DELETE" || destroys ? Effect.Destructive : Effect.Write);
    }

    private static JsonObject Write(
        DescribedOperation operation,
        string name,
        Effect effect,
        string url,
        ToolInputs inputs,
        JsonObject schema
    )
    {
        var keyed = inputs.KeyHeader is not null && effect != Effect.Read;
        var tool = new JsonObject
        {
            ["name"] = name,
            ["version"] = "1",
            ["description"] = Description(operation),
            ["effect"] = effect.ToString().ToLowerInvariant(),
        };
        if (effect != Effect.Read)
            tool["idempotency"] =
                keyed ? "key"
                : operation.Method is "PUT" or "DELETE" ? "natural"
                : "none";
        tool["scopes"] = new JsonArray([
            .. operation.Scopes.Select(group => (JsonNode)new JsonArray([.. group.Select(s => (JsonNode)s)])),
        ]);
        tool["confidence"] = "single-source";
        if (
            operation.DocsUrl is { Length: > 0 and < 400 } docs
            && Uri.TryCreate(docs, UriKind.Absolute, out var page)
            && page.Scheme == "https"
        )
            tool["docs_url"] = docs;
        tool["input_schema"] = schema;
        var request = new JsonObject { ["method"] = operation.Method, ["url"] = inputs.Rename(url) };
        if (inputs.Path.Count > 0)
            request["path"] = inputs.Path;
        if (inputs.Query.Count > 0)
            request["query"] = inputs.Query;
        if (inputs.Headers.Count > 0)
            request["headers"] = inputs.Headers;
        if (Body(operation, inputs) is { } body)
            request["body"] = body;
        if (keyed)
            request["idempotency_key"] = new JsonObject { ["in"] = "header", ["name"] = inputs.KeyHeader };
        if (operation.Accept != "application/json")
            request["accept"] = operation.Accept;
        tool["request"] = request;
        return tool;
    }

    private static JsonObject? Body(DescribedOperation operation, ToolInputs inputs)
    {
        if (operation.Constants.Length == 0)
            return inputs.Body;
        var fields = new JsonObject();
        foreach (var (at, value) in operation.Constants)
            fields[at] = new JsonObject { ["value"] = value.DeepClone() };
        foreach (var (parameter, input) in inputs.InBody)
            fields[operation.BodyPrefix + parameter] = input;
        return new JsonObject { ["format"] = "json", ["fields"] = fields };
    }

    private static string Description(DescribedOperation operation)
    {
        var summary = Sentences.Cut(operation.Summary, 160).TrimEnd('.', ' ');
        var text = Sentences.Cut(operation.Description, ToolText - summary.Length);
        if (summary.Length == 0)
            return text.Length > 0 ? text : operation.Where;
        return text.Length == 0 || text.StartsWith(summary, StringComparison.OrdinalIgnoreCase)
            ? text.Length > summary.Length
                ? text
                : summary + "."
            : $"{summary}. {text}";
    }
}

/// <summary>Computes the URL of an operation in terms of the provider's pack.</summary>
internal sealed class ImportUrls(UrlTemplate baseUrl, ImmutableArray<string> hosts, string? documentServer)
{
    /// <summary>Relative to the pack's API address if it is below that, absolute on another host of the pack.</summary>
    public string Of(DescribedOperation operation)
    {
        var server = operation.Server ?? documentServer;
        var path = operation.Path.StartsWith('/') ? operation.Path : "/" + operation.Path;
        if (path.Contains('#', StringComparison.Ordinal))
            throw new NotExpressibleException(Reasons.Parameter, "its path has a fragment, which is never sent");
        var (origin, prefix) = Parts(server);
        var (own, below) = Parts(baseUrl.Source);
        var full = prefix + path;
        // Without an address of its own, or with one that differs per customer, the operation uses the pack's address.
        if (
            origin is null
            || origin.Contains('{', StringComparison.Ordinal)
            || own!.Contains('{', StringComparison.Ordinal)
            || string.Equals(origin, own, StringComparison.OrdinalIgnoreCase)
        )
        {
            if (below.Length == 0)
                return full;
            if (full.StartsWith(below + "/", StringComparison.Ordinal))
                return full[below.Length..];
            if (prefix.Length == 0 && (origin is null || origin.Contains('{', StringComparison.Ordinal)))
                return path;
            if (!own!.Contains('{', StringComparison.Ordinal))
                return own + full;
            throw new NotExpressibleException(
                Reasons.Host,
                $"its path is not below the pack's address {baseUrl.Source}"
            );
        }

        if (
            !Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            || uri.Scheme != "https"
            || !HostRules.Covers(hosts, uri.IdnHost.ToLowerInvariant())
        )
            throw new NotExpressibleException(Reasons.Host, $"{origin} is not one of the pack's hosts");
        return origin + full;
    }

    private static (string? Origin, string Path) Parts(string? url)
    {
        if (string.IsNullOrEmpty(url))
            return (null, "");
        if (url.StartsWith('/'))
            return (null, url.StartsWith("//", StringComparison.Ordinal) ? "" : url.TrimEnd('/'));
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var slash = url.IndexOf('/', scheme < 0 ? 0 : scheme + 3);
        return slash < 0 ? (url, "") : (url[..slash], url[slash..].TrimEnd('/'));
    }
}
