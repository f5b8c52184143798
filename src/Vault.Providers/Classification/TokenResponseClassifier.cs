using Vault.Core.Accounts;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Classification;

/// <summary>
/// The only place that classifies a response of a token endpoint (law 6): the pack's rules in order, then the rules of
/// RFC 6749 and HTTP. Null: the response looks like a grant.
/// </summary>
internal static class TokenResponseClassifier
{
    private static readonly ValuePath Error = ValuePath.Parse("error");

    private static readonly HashSet<string?> Defined = new(StringComparer.Ordinal)
    {
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
    };

    // Where RFC 6749 puts the code, and where providers put it that answer with their API's errors.
    private static readonly ValuePath[] Codes =
    [
        .. new[]
        {
            "error",
            "error.code",
            "error.error",
            "error.type",
            "errors.0.code",
            "errors.0.error",
            "errors.0",
            "error_code",
            "code",
        }.Select(ValuePath.Parse),
    ];

    public static TokenReply? Classify(ProviderPack pack, ProviderResponse response, DateTimeOffset now)
    {
        var shape = pack.Details.OAuth!.Answer;
        foreach (var rule in pack.Details.TokenErrors)
        {
            if (rule.When.Holds(response.Status, response.Header, response.Body) && !response.Excludes(rule))
                return Reply(pack, rule, response, now);
        }

        var wait = WaitReader.Read(pack, response, now, response.Status == 429);
        var status = FailureCode.Status(response.Status);
        // The server refuses to act, whatever the body says.
        if (response.Status is 425 or 429)
            return new TokenReply.NotActed(Code(response) ?? status, wait);
        // A 408 or 503 may be a gateway's, sent after the provider has acted. A pack's rule says where it is not.
        if (response.Status is 408 or >= 500)
            return new TokenReply.MayHaveActed(Code(response) ?? status, wait);
        // A redirect, or another informational or unusual status: not the endpoint itself responds.
        if (response.Status is < 200 or (>= 300 and <= 399))
            return new TokenReply.MayHaveActed(status);
        if (!response.IsSuccess)
            return RefusalCode(response) is { } code ? ByError(code, wait) : Unreadable(response.Status, wait);

        var hasToken = shape.AccessToken.TextIn(response.Body) is not null;
        if (shape.ErrorWhen.Any(match => match.Holds(response.Body)) || (!hasToken && Code(response) is not null))
            return Code(response) is { } error
                ? ByError(error, wait)
                : new TokenReply.MayHaveActed("error_without_code");
        // A 200 without a readable grant: the provider probably acted, and its new tokens are lost.
        return hasToken ? null : new TokenReply.MayHaveActed("unreadable_answer");
    }

    /// <summary>RFC 6749 5.2 in any case, and the codes of OpenID Connect Core 3.1.2.6 that token endpoints also
    /// return.</summary>
    private static TokenReply ByError(string error, TimeSpan? wait) =>
        error.ToLowerInvariant() switch
        {
            "invalid_grant" => new TokenReply.GrantDead(StatusReason.GrantRevoked, error),
            "interaction_required" or "login_required" or "account_selection_required" => new TokenReply.GrantDead(
                StatusReason.InteractionRequired,
                error
            ),
            "consent_required" => new TokenReply.GrantDead(StatusReason.ConsentRequired, error),
            "access_denied" => new TokenReply.ClientRefused(StatusReason.AdminPolicy, error),
            "temporarily_unavailable" or "slow_down" => new TokenReply.NotActed(error, wait),
            "server_error" => new TokenReply.MayHaveActed(error),
            "invalid_client"
            or "unauthorized_client"
            or "invalid_request"
            or "invalid_scope"
            or "unsupported_grant_type"
            or "invalid_target" => new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, error),
            // An unknown code: our request is rejected. A grant is never declared dead on one guess.
            _ => new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, error) { Unexplained = true },
        };

    /// <summary>
    /// An error status without an OAuth error: a firewall, a proxy, a wrong URL. The endpoint did not issue anything.
    /// </summary>
    private static TokenReply Unreadable(int status, TimeSpan? wait) =>
        status switch
        {
            401 or 404 or 405 or 410 or 415 => new TokenReply.ClientRefused(
                StatusReason.ClientMisconfigured,
                FailureCode.Status(status)
            ),
            _ => new TokenReply.NotActed(FailureCode.Status(status), wait) { Refused = true },
        };

    private static TokenReply Reply(ProviderPack pack, ErrorRule rule, ProviderResponse response, DateTimeOffset now)
    {
        var failure = rule.Code ?? Code(response) ?? FailureCode.Status(response.Status);
        return rule.Meaning switch
        {
            AnswerMeaning.GrantDead => new TokenReply.GrantDead(rule.Reason!, failure),
            AnswerMeaning.ClientRefused => new TokenReply.ClientRefused(rule.Reason!, failure),
            AnswerMeaning.NotActed => new TokenReply.NotActed(
                failure,
                WaitReader.Read(pack, response, now, limited: response.Status is 403 or 429) ?? rule.RetryAfter
            ),
            _ => new TokenReply.MayHaveActed(failure),
        };
    }

    private static string? Code(ProviderResponse response) => FailureCode.Clean(Error.TextIn(response.Body));

    /// <summary>
    /// The code of a refusal: one that RFC 6749 or OpenID Connect defines, wherever it stands and in any case;
    /// otherwise what stands where RFC 6749 puts it.
    /// </summary>
    private static string? RefusalCode(ProviderResponse response) =>
        Codes.Select(path => path.TextIn(response.Body)?.ToLowerInvariant()).FirstOrDefault(Defined.Contains)
        ?? Code(response);
}
