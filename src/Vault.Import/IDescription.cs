using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// A document, read one operation at a time, in two passes: the names of all operations first, because a tool's name
/// depends on the others.
/// </summary>
internal interface IDescription
{
    string Format { get; }

    string Title { get; }

    /// <summary>The base URL of operations without one; null if the document has none.</summary>
    string? Server { get; }

    IEnumerable<(string Method, string Path, string? Id)> Names();

    IEnumerable<DescribedOperation> Operations();

    /// <summary>A schema by its reference; undefined if it does not exist.</summary>
    JsonElement Resolve(string reference);
}
