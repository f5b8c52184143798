using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>RFC 7009, or the provider's own way.</summary>
/// <param name="Parameters">Sent in the body (or the query of a GET or DELETE); templates over <c>{token}</c>,
/// <c>{token_type_hint}</c>, <c>{client_id}</c> and parameters.</param>
/// <param name="Kills">What dies: <c>token</c>, <c>grant</c> or <c>installation</c>; told in the receipt.</param>
/// <param name="ConfirmedWhen">Answers that also mean it is gone (already revoked).</param>
public sealed record RevocationShape(
    UrlTemplate Url,
    string Method,
    TokenChoice Token,
    CallAuthentication Auth,
    BodyFormat Format,
    ImmutableSortedDictionary<string, string> Parameters,
    string Kills,
    ImmutableArray<AnswerMatch> ConfirmedWhen
);
