using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// A document read one operation at a time; two passes, because a name depends on what the others are called.
/// </summary>
internal interface IDescription
{
    string Format { get; }

    string Title { get; }

    /// <summary>The address of operations that name none; null where the document has none.</summary>
    string? Server { get; }

    IEnumerable<(string Method, string Path, string? Id)> Names();

    IEnumerable<DescribedOperation> Operations();

    /// <summary>A schema by its reference; undefined where there is none.</summary>
    JsonElement Resolve(string reference);
}
