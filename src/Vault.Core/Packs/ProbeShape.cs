using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// A call with the credential that shows who it belongs to, or only that it works. Judged by the API's error rules.
/// </summary>
/// <param name="Body">A constant JSON body (a GraphQL query); null for none.</param>
public sealed record ProbeShape(
    UrlTemplate Url,
    string Method,
    ImmutableSortedDictionary<string, string> Headers,
    IdentityMap? Identity,
    string? Body
);
