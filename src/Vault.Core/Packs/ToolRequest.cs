using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>How a tool's input becomes one HTTP request, and how the response is read.</summary>
public sealed record ToolRequest
{
    public required string Method { get; init; }

    /// <summary>
    /// Absolute, or relative to the pack's API base. Its variables are expanded from <see cref="Path"/> or the pack's
    /// parameters.
    /// </summary>
    public required UrlTemplate Url { get; init; }

    /// <summary>The sources of the URL's variables, by name.</summary>
    public ImmutableSortedDictionary<string, FieldSource> Path { get; init; } =
        ImmutableSortedDictionary<string, FieldSource>.Empty;

    public ImmutableArray<MappedField> Query { get; init; } = [];

    public ImmutableArray<MappedField> Headers { get; init; } = [];

    public BodyShape? Body { get; init; }

    public Paging? Paging { get; init; }

    /// <summary>The place of the idempotency key, with <see cref="Idempotency.Key"/>.</summary>
    public KeyPlace? IdempotencyKey { get; init; }

    /// <summary>The part of the response that is the tool's data; null for the whole response.</summary>
    public ValuePath? Data { get; init; }

    /// <summary>Members of the data that are omitted unless the caller requests the raw response.</summary>
    public ImmutableArray<ValuePath> Drop { get; init; } = [];

    public string Accept { get; init; } = "application/json";
}

public enum FieldForm
{
    /// <summary>Scalars as strings. An array repeats the name in a query and is an array in JSON.</summary>
    Auto,

    /// <summary>An array joined by commas.</summary>
    Comma,

    /// <summary>An array joined by spaces.</summary>
    Space,

    /// <summary>An array joined by '|'.</summary>
    Pipe,

    /// <summary>In a query: members of an object as <c>name[member]</c>, to any depth, and elements as
    /// <c>name[]</c>.</summary>
    Deep,

    /// <summary>Serialized as JSON text.</summary>
    Json,

    /// <summary>UTF-8, base64url without padding.</summary>
    Base64Url,

    /// <summary>
    /// An object with <c>to</c>, <c>subject</c>, <c>text</c> and so on as an RFC 5322 message, base64url.
    /// </summary>
    MailMessage,

    /// <summary>The input is base64; its bytes are sent.</summary>
    Base64Bytes,
}

/// <summary>The source of a value: an input property (<c>*</c> for the whole input) or a constant.</summary>
public sealed record FieldSource(string? From, JsonElement? Value, JsonElement? Default, FieldForm Form)
{
    /// <summary>The media type of its part in a multipart body; null for text.</summary>
    public string? MediaType { get; init; }
}

public sealed record MappedField(string Name, FieldSource Source);

/// <param name="At">The path in a JSON body; form and multipart bodies use the last name.</param>
public sealed record BodyField(ValuePath At, FieldSource Source);

/// <param name="Spread">An input property whose members become members of the body (Salesforce records).</param>
/// <param name="File">With multipart: the input properties of one file part.</param>
/// <param name="MediaType">The media type of a raw body, or of any body when the provider requires a special
/// one.</param>
public sealed record BodyShape(
    BodyFormat Format,
    ImmutableArray<BodyField> Fields,
    string? Spread,
    FilePart? File,
    string? MediaType
);

/// <param name="Part">The name of the form part.</param>
/// <param name="Content">Input property with the content: text, or base64 where <paramref name="IsBase64"/>.</param>
/// <param name="FileName">Input property with the file name.</param>
/// <param name="MediaType">Input property with the media type; null for application/octet-stream.</param>
public sealed record FilePart(string Part, string Content, bool IsBase64, string FileName, string? MediaType);

public enum KeyLocation
{
    Header,
    Query,
    Body,
}

public sealed record KeyPlace(KeyLocation In, string Name);
