namespace Vault.Gateway.Http;

internal enum FieldKind
{
    Text,
    Integer,
    Boolean,

    /// <summary>RFC 3339.</summary>
    Time,
    TextList,

    /// <summary>An object whose values are texts.</summary>
    TextMap,

    /// <summary>Any JSON object.</summary>
    Object,

    /// <summary>Any JSON value but null.</summary>
    Any,

    /// <summary>An object with a <c>type</c> and otherwise texts, numbers and lists that the pack names.</summary>
    Credential,
}

/// <summary>
/// A field of a body, or a query parameter. The same declaration checks the request and writes the OpenAPI document, so
/// that the two cannot differ.
/// </summary>
internal sealed record Field(string Name, FieldKind Kind, string Description)
{
    public bool Required { get; init; }

    public int MaxLength { get; init; } = 1024;

    public long Min { get; init; } = long.MinValue;

    public long Max { get; init; } = long.MaxValue;

    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Other names a caller may use; giving two names with different values is an error.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Never in an answer; its value is never repeated in an error.</summary>
    public bool WriteOnly { get; init; }

    public static Field Text(string name, string description) => new(name, FieldKind.Text, description);

    public static Field Flag(string name, string description) => new(name, FieldKind.Boolean, description);

    public static Field Texts(string name, string description) => new(name, FieldKind.TextList, description);

    public static Field Map(string name, string description) => new(name, FieldKind.TextMap, description);

    public static Field Instant(string name, string description) => new(name, FieldKind.Time, description);

    public static Field Number(string name, string description, long min, long max) =>
        new(name, FieldKind.Integer, description) { Min = min, Max = max };

    public static Field Organization { get; } =
        Text(
            "organization_id",
            "The organization; a platform key must name it, a key bound to an organization may leave it out."
        ) with
        {
            MaxLength = 30,
        };

    public static IReadOnlyList<Field> Paging { get; } =
    [
        Number("page_size", "Items per page, 1 to 200.", 1, 200),
        Text("page_token", "next_page_token of the page before.") with
        {
            MaxLength = 4096,
        },
    ];
}
