using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>Token revocation by RFC 7009 or by a provider-specific call.</summary>
/// <param name="Parameters">Sent in the body (in the query of a GET or DELETE); templates over <c>{token}</c>,
/// <c>{token_type_hint}</c>, <c>{client_id}</c> and parameters.</param>
/// <param name="Kills">What is revoked, as shown in the receipt: <c>token</c>, <c>grant</c> or
/// <c>installation</c>.</param>
/// <param name="ConfirmedWhen">Responses that also confirm the revocation (already revoked).</param>
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
