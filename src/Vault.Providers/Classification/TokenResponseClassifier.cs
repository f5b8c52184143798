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
        // By HTTP's definition the server did not act, whatever the body says.
        if (response.Status is 408 or 425 or 429 or 503)
            return new TokenReply.NotActed(Code(response) ?? status, wait);
        if (response.Status >= 500)
            return new TokenReply.MayHaveActed(Code(response) ?? status);
        // A redirect, or another informational or unusual status: not the endpoint itself responds.
        if (response.Status is < 200 or (>= 300 and <= 399))
            return new TokenReply.MayHaveActed(status);
        if (!response.IsSuccess)
            return Code(response) is { } code ? ByError(code, wait) : Unreadable(response.Status, wait);

        var hasToken = shape.AccessToken.TextIn(response.Body) is not null;
        if (shape.ErrorWhen.Any(match => match.Holds(response.Body)) || (!hasToken && Code(response) is not null))
            return Code(response) is { } error
                ? ByError(error, wait)
                : new TokenReply.MayHaveActed("error_without_code");
        // A 200 without a readable grant: the provider probably acted, and its new tokens are lost.
        return hasToken ? null : new TokenReply.MayHaveActed("unreadable_answer");
    }

    /// <summary>RFC 6749 5.2, and the codes of OpenID Connect Core 3.1.2.6 that token endpoints also return.</summary>
    private static TokenReply ByError(string error, TimeSpan? wait) =>
        error switch
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
            // invalid_client, unauthorized_client, invalid_request, invalid_scope, unsupported_grant_type,
            // invalid_target, and every unknown code: our request is rejected. A grant is never declared dead on a
            // guess.
            _ => new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, error),
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
            _ => new TokenReply.NotActed(FailureCode.Status(status), wait),
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
}
