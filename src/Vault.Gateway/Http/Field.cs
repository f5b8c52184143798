namespace Vault.Gateway.Http;

internal enum FieldKind
{
    Text,
    Integer,
    Boolean,

    /// <summary>RFC 3339.</summary>
    Time,
    TextList,

    /// <summary>An object whose values are strings.</summary>
    TextMap,

    /// <summary>Any JSON object.</summary>
    Object,

    /// <summary>Any JSON value but null.</summary>
    Any,

    /// <summary>
    /// An object with a <c>type</c>; its other members are strings, numbers and lists that the pack names.
    /// </summary>
    Credential,
}

/// <summary>
/// A field of a body, or a query parameter. The same declaration checks the request and generates the OpenAPI document,
/// so the two cannot differ.
/// </summary>
internal sealed record Field(string Name, FieldKind Kind, string Description)
{
    public bool Required { get; init; }

    public int MaxLength { get; init; } = 1024;

    public long Min { get; init; } = long.MinValue;

    public long Max { get; init; } = long.MaxValue;

    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Other names of the field; two names with different values are an error.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Never in a response, and its value is never repeated in an error.</summary>
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
            "The organization. Required with a platform key; optional with a key that is bound to an organization."
        ) with
        {
            MaxLength = 30,
        };

    public static IReadOnlyList<Field> Paging { get; } =
    [
        Number("page_size", "Items per page, 1 to 200.", 1, 200),
        Text("page_token", "next_page_token of the previous page.") with
        {
            MaxLength = 4096,
        },
    ];
}
