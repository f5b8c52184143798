using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>
/// Reads how a tool's input maps to a request. Every input must be mapped, and every mapping must name an input of the
/// schema.
/// </summary>
internal static class RequestReading
{
    public static ToolRequest Request(
        PackNode node,
        PackScope scope,
        IReadOnlySet<string>? inputs,
        Effect effect,
        Idempotency idempotency
    )
    {
        var mapping = new Mapping(node.Faults, inputs);
        var path = mapping
            .Map(node, "path")
            .ToImmutableSortedDictionary(f => f.Name, f => f.Source, StringComparer.Ordinal);
        var url = scope.Url(
            node,
            "url",
            required: true,
            relative: true,
            variables: path.Keys.ToHashSet(StringComparer.Ordinal)
        );
        foreach (var name in path.Keys)
        {
            if (url is not null && !url.Variables.Contains(name))
                node.Faults.Add($"{node.At("path")}/{name}", $"has no variable '{{{name}}}' in the url");
        }

        var method = OAuthReading.Method(node, "GET");
        if (!node.Has("method"))
            node.Fault("method", "is missing");
        var query = mapping.Map(node, "query");
        var headers = mapping.Map(node, "headers");
        foreach (var header in headers)
        {
            if (HeaderReading.Fault(header.Name, credential: false) is { } fault)
                node.Faults.Add($"{node.At("headers")}/{header.Name}", fault);
        }

        var body = Body(node, mapping);
        if (body is not null && method == "GET")
            node.Fault("body", "is not allowed with the method GET");
        if (effect != Effect.Read && method == "GET")
            node.Fault("method", "is GET, but the tool's effect is not 'read'");
        var paging = Paging(node, inputs, mapping);
        var key = Key(node, idempotency, body);
        var accept = node.Text("accept") ?? "application/json";
        if (accept.Any(c => c is < ' ' or > '~'))
            node.Fault("accept", "must be ASCII without control characters, as a header requires");
        var data = node.Path("data");
        var drop = Drop(node);
        node.Done();
        mapping.ReportUnused(node);
        return new ToolRequest
        {
            Method = method,
            Url = url ?? UrlTemplate.Parse("/"),
            Path = path,
            Query = query,
            Headers = headers,
            Body = body,
            Paging = paging,
            IdempotencyKey = key,
            Data = data,
            Drop = drop,
            Accept = accept,
        };
    }

    private static ImmutableArray<ValuePath> Drop(PackNode request)
    {
        var drop = ImmutableArray.CreateBuilder<ValuePath>();
        foreach (var (text, at) in request.TextsWithPlace("drop"))
        {
            if (!ValuePath.TryParse(text, out var path) || path.HasAlternatives || path.Segments[^1] == "*")
                request.Faults.Add(
                    at,
                    $"'{text}' is not the path of a member: names joined by dots, '*' for every element before it"
                );
            else
                drop.Add(path);
        }

        return drop.ToImmutable();
    }

    private static BodyShape? Body(PackNode request, Mapping mapping)
    {
        var node = request.Object("body");
        if (node is null)
            return null;
        var format = node.Choice("format", BodyFormat.Json, PackKeywords.BodyFormats, required: true);
        var fields = ImmutableArray.CreateBuilder<BodyField>();
        foreach (var field in mapping.Map(node, "fields"))
        {
            if (!ValuePath.TryParse(field.Name, out var at) || at.HasAlternatives || at.Segments.Contains("*"))
                node.Faults.Add(
                    $"{node.At("fields")}/{LineIndex.Escape(field.Name)}",
                    "is not a path in a body: names joined by dots"
                );
            else
                fields.Add(new BodyField(at, field.Source));
        }

        var spread = node.Text("spread");
        if (spread is not null)
            mapping.Use(node.At("spread"), spread);
        var fileNode = node.Object("file");
        FilePart? file = null;
        if (fileNode is not null)
        {
            file = new FilePart(
                fileNode.Text("part") ?? "file",
                fileNode.Text("content", required: true) ?? "",
                fileNode.Flag("base64"),
                fileNode.Text("file_name", required: true) ?? "",
                fileNode.Text("media_type")
            );
            foreach (
                var (name, member) in new[]
                {
                    (file.Content, "content"),
                    (file.FileName, "file_name"),
                    (file.MediaType ?? "", "media_type"),
                }
            )
            {
                if (name.Length > 0)
                    mapping.Use(fileNode.At(member), name);
            }

            fileNode.Done();
            if (format != BodyFormat.Multipart)
                node.Fault("file", "applies only to the format 'multipart'");
        }

        var media = node.Text("media_type");
        if (format == BodyFormat.Raw && fields.Count != 1)
            node.Fault("fields", "must be exactly one with the format 'raw'");
        if (format == BodyFormat.Raw && media is null)
            node.Fault("media_type", "is missing; a raw body needs it");
        if (media is not null && !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(media, out _))
            node.Fault("media_type", $"'{media}' is not a media type");
        node.Done();
        return new BodyShape(format, fields.ToImmutable(), spread, file, media);
    }

    private static Paging? Paging(PackNode request, IReadOnlySet<string>? inputs, Mapping mapping)
    {
        var node = request.Object("paging");
        if (node is null)
            return null;
        var style = node.Choice("style", PagingStyle.Cursor, PackKeywords.PagingStyles, required: true);
        var byUrl = style is PagingStyle.LinkHeader or PagingStyle.NextUrl;
        var paging = new Paging
        {
            Style = style,
            Parameter = node.Text("parameter", required: !byUrl),
            In = node.Choice("in", KeyLocation.Query, PackKeywords.Locations),
            Next = node.Path("next", required: style is PagingStyle.Cursor or PagingStyle.NextUrl),
            Items = node.Path("items", required: style is PagingStyle.LastId or PagingStyle.Offset or PagingStyle.Page),
            ItemId = node.Path("item_id", required: style == PagingStyle.LastId),
            HasMore = node.Path("has_more"),
            SizeFrom = node.Text("size_from"),
            DefaultSize = node.Integer("default_size", 1) ?? 0,
        };
        if (paging.In == KeyLocation.Header)
            node.Fault("in", "is 'header'; use query or body");
        if (paging.SizeFrom is not null && inputs?.Contains(paging.SizeFrom) == false)
            node.Fault("size_from", $"'{paging.SizeFrom}' is not a property of input_schema");
        if (
            style is PagingStyle.Offset or PagingStyle.Page
            && paging.HasMore is null
            && paging.SizeFrom is null
            && paging.DefaultSize == 0
        )
            node.Fault(
                "default_size",
                "is missing: without it, size_from or has_more the last page cannot be detected"
            );
        if (
            paging.Parameter is not null
            && inputs?.Contains(paging.Parameter) == true
            && mapping.Uses(paging.Parameter)
        )
            node.Fault(
                "parameter",
                $"'{paging.Parameter}' is also an input; leave it out of input_schema, because the page token "
                    + "carries it"
            );
        node.Done();
        return paging;
    }

    private static KeyPlace? Key(PackNode request, Idempotency idempotency, BodyShape? body)
    {
        var node = request.Object("idempotency_key", required: idempotency == Idempotency.Key);
        if (node is null)
            return null;
        var place = new KeyPlace(
            node.Choice("in", KeyLocation.Header, PackKeywords.Locations, required: true),
            node.Text("name", required: true) ?? ""
        );
        if (place.In == KeyLocation.Body && body is null)
            node.Fault("in", "is 'body', but the request has none");
        if (
            place.In == KeyLocation.Header
            && place.Name.Length > 0
            && HeaderReading.Fault(place.Name, credential: false) is { } fault
        )
            node.Fault("name", fault);
        if (idempotency != Idempotency.Key)
            request.Fault("idempotency_key", "requires the idempotency 'key'");
        node.Done();
        return place;
    }

    /// <summary>Tracks which inputs are mapped.</summary>
    private sealed class Mapping(PackFaults faults, IReadOnlySet<string>? inputs)
    {
        private readonly HashSet<string> _used = new(StringComparer.Ordinal);

        public bool Uses(string input) => _used.Contains(input);

        public void Use(string at, string input)
        {
            _used.Add(input);
            if (input != "*" && inputs?.Contains(input) == false)
                faults.Add(at, $"'{input}' is not a property of input_schema");
        }

        /// <summary>
        /// Either a list of names (each from the input with the same name), or an object from name to input name or
        /// source.
        /// </summary>
        public ImmutableArray<MappedField> Map(PackNode node, string name)
        {
            var fields = ImmutableArray.CreateBuilder<MappedField>();
            if (node.Raw(name) is not { } value)
                return [];
            if (value.ValueKind == JsonValueKind.Array)
            {
                foreach (var (text, at) in node.TextsWithPlace(name))
                {
                    Use(at, text);
                    fields.Add(new MappedField(text, new FieldSource(text, null, null, FieldForm.Auto)));
                }

                return fields.ToImmutable();
            }

            foreach (var (member, source, at) in node.Members(name))
            {
                if (source.ValueKind == JsonValueKind.String)
                {
                    Use(at, source.GetString()!);
                    fields.Add(
                        new MappedField(member, new FieldSource(source.GetString(), null, null, FieldForm.Auto))
                    );
                }
                else if (source.ValueKind == JsonValueKind.Object)
                    fields.Add(new MappedField(member, Source(new PackNode(source, at, faults))));
                else
                    faults.Add(at, "must be the name of an input, or an object with 'from' or 'value'");
            }

            return fields.ToImmutable();
        }

        public void ReportUnused(PackNode request)
        {
            if (inputs is null || _used.Contains("*"))
                return;
            foreach (var input in inputs.Where(i => !_used.Contains(i)).Order(StringComparer.Ordinal))
                request.Fault("", $"does not use the input '{input}'");
        }

        private FieldSource Source(PackNode node)
        {
            var from = node.Text("from");
            var value = node.Raw("value");
            if ((from is null) == (value is null))
                node.Fault("", "must have either 'from' or 'value'");
            if (from is not null)
                Use(node.At("from"), from);
            var source = new FieldSource(
                from,
                value?.Clone(),
                node.Raw("default")?.Clone(),
                node.Choice("form", FieldForm.Auto, PackKeywords.FieldForms)
            )
            {
                MediaType = node.Text("media_type"),
            };
            if (source.MediaType is { } media && !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(media, out _))
                node.Fault("media_type", $"'{media}' is not a media type");
            node.Done();
            return source;
        }
    }
}
