using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// A call with the credential that returns its identity, or only shows that the credential works. The API's error rules
/// classify the response.
/// </summary>
/// <param name="Body">A constant JSON body (a GraphQL query); null for none.</param>
public sealed record ProbeShape(
    UrlTemplate Url,
    string Method,
    ImmutableSortedDictionary<string, string> Headers,
    IdentityMap? Identity,
    string? Body
);
