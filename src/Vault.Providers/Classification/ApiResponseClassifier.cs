using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Classification;

/// <summary>
/// A classified API response; <see cref="UpstreamOutcome.Succeeded"/> unless a rule or the status says otherwise.
/// </summary>
internal sealed record ApiClassification(
    UpstreamOutcome Outcome,
    string? Reason,
    string? Code,
    TimeSpan? RetryAfter,
    ImmutableArray<string> MissingScopes
);

/// <summary>
/// Classifies a response of a provider's API: the pack's rules in order, then HTTP's. A 200 can be an error.
/// </summary>
internal static class ApiResponseClassifier
{
    private static readonly ApiClassification Fine = new(UpstreamOutcome.Succeeded, null, null, null, []);
    private static readonly ImmutableArray<ValuePath> UsualCodes =
    [
        ValuePath.Parse("error"),
        ValuePath.Parse("error.code"),
        ValuePath.Parse("code"),
        ValuePath.Parse("error.status"),
    ];

    public static ApiClassification Classify(ProviderPack pack, ProviderResponse response, DateTimeOffset now)
    {
        var api = pack.Details.Api;
        foreach (var rule in pack.Details.ApiErrors)
        {
            if (!rule.When.Holds(response.Status, response.Header, response.Body) || response.Excludes(rule))
                continue;
            var wait = WaitReader.Read(pack, response, now, rule.Meaning == AnswerMeaning.RateLimited)
                ?? rule.RetryAfter;
            return new ApiClassification(
                Outcome(rule.Meaning),
                rule.Reason,
                rule.Code ?? Code(pack, response) ?? FailureCode.Status(response.Status),
                wait,
                Scopes(rule, response)
            );
        }

        if (response.IsSuccess && !BodyMatch.AnyHolds(api.ErrorWhen, response.Body))
            return Fine;
        var outcome = response.Status switch
        {
            401 => UpstreamOutcome.CredentialRejected,
            429 => UpstreamOutcome.RateLimited,
            408 or 425 or >= 500 => UpstreamOutcome.Unavailable,
            403 when InsufficientScope(response) is not null => UpstreamOutcome.ScopeMissing,
            _ => UpstreamOutcome.Rejected,
        };
        var after = outcome is UpstreamOutcome.RateLimited or UpstreamOutcome.Unavailable
            ? WaitReader.Read(pack, response, now, outcome == UpstreamOutcome.RateLimited)
            : null;
        var scopes = outcome == UpstreamOutcome.ScopeMissing ? InsufficientScope(response)!.Value : [];
        return new ApiClassification(
            outcome,
            null,
            Code(pack, response) ?? FailureCode.Status(response.Status),
            after,
            scopes
        );
    }

    /// <summary>The provider's own code of the failure; read only for failures.</summary>
    private static string? Code(ProviderPack pack, ProviderResponse response)
    {
        var api = pack.Details.Api;
        return FailureCode.First(response, api.ErrorCode)
            ?? (response.IsSuccess && api.ErrorWhen.Length == 0 ? null : FailureCode.First(response, UsualCodes));
    }

    private static UpstreamOutcome Outcome(AnswerMeaning meaning) =>
        meaning switch
        {
            AnswerMeaning.CredentialRejected => UpstreamOutcome.CredentialRejected,
            AnswerMeaning.GrantDead => UpstreamOutcome.GrantDead,
            AnswerMeaning.ScopeMissing => UpstreamOutcome.ScopeMissing,
            AnswerMeaning.RateLimited => UpstreamOutcome.RateLimited,
            AnswerMeaning.Unavailable => UpstreamOutcome.Unavailable,
            _ => UpstreamOutcome.Rejected,
        };

    private static ImmutableArray<string> Scopes(ErrorRule rule, ProviderResponse response)
    {
        if (rule.Meaning != AnswerMeaning.ScopeMissing)
            return [];
        if (rule.MissingScopes is { } path && response.Body.ValueKind != JsonValueKind.Undefined)
            return Split(string.Join(' ', path.All(response.Body).Select(v => ValuePath.Text(v))));
        return InsufficientScope(response) ?? [];
    }

    /// <summary>
    /// RFC 6750 3.1: <c>error="insufficient_scope"</c> and the required scopes; null for any other challenge.
    /// </summary>
    private static ImmutableArray<string>? InsufficientScope(ProviderResponse response)
    {
        if (
            response.Header("WWW-Authenticate") is not { } challenge
            || !challenge.Contains("error=\"insufficient_scope\"", StringComparison.OrdinalIgnoreCase)
        )
            return null;
        var start = challenge.IndexOf(" scope=\"", StringComparison.OrdinalIgnoreCase);
        if (start < 0)
            return [];
        var end = challenge.IndexOf('"', start + 8);
        return end < 0 ? [] : Split(challenge[(start + 8)..end]);
    }

    private static ImmutableArray<string> Split(string text) =>
        [
            .. text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(s => s.Length <= 200 && !s.Any(char.IsControl))
                .Distinct()
                .Take(20),
        ];
}
