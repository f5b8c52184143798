using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// The meaning of a response. The first four belong to token endpoints, the rest (and <see cref="GrantDead"/>) to APIs.
/// </summary>
public enum AnswerMeaning
{
    NotActed,
    MayHaveActed,
    ClientRefused,
    GrantDead,
    CredentialRejected,
    ScopeMissing,
    RateLimited,
    Rejected,
    Unavailable,
}

/// <summary>
/// One rule of a provider's error table. The first matching rule applies (law 6: a failure has a kind and a cause).
/// </summary>
/// <param name="Reason">One of <c>StatusReason</c>, for an invalid grant or a rejected client.</param>
/// <param name="RetryAfter">The wait when the response has no retry time.</param>
/// <param name="Code">A code for people that replaces the provider's code.</param>
/// <param name="MissingScopes">The path to the required scopes in the response.</param>
public sealed record ErrorRule(
    AnswerMatch When,
    AnswerMeaning Meaning,
    string? Reason,
    TimeSpan? RetryAfter,
    string? Code,
    ValuePath? MissingScopes
);

/// <summary>All given conditions must hold. An empty match always holds.</summary>
public sealed record AnswerMatch(
    ImmutableArray<StatusRange> Status,
    ImmutableArray<HeaderMatch> Headers,
    ImmutableArray<BodyMatch> Body
)
{
    /// <param name="header">The values of a header, joined by commas; null when it is absent.</param>
    /// <param name="body">Undefined when the body is not JSON.</param>
    public bool Holds(int status, Func<string, string?> header, JsonElement body)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (Status.Length > 0 && !Covers(status))
            return false;
        foreach (var match in Headers)
        {
            if (!match.Test.Holds(header(match.Name)))
                return false;
        }

        foreach (var match in Body)
        {
            if (!match.Holds(body))
                return false;
        }

        return true;
    }

    private bool Covers(int status)
    {
        foreach (var range in Status)
        {
            if (status >= range.From && status <= range.To)
                return true;
        }

        return false;
    }
}

public readonly record struct StatusRange(int From, int To);

public sealed record HeaderMatch(string Name, TextTest Test);

public sealed record BodyMatch(ValuePath Path, TextTest Test)
{
    public static bool AnyHolds(ImmutableArray<BodyMatch> matches, JsonElement body)
    {
        foreach (var match in matches)
        {
            if (match.Holds(body))
                return true;
        }

        return false;
    }

    /// <summary>Whether any value at the path passes. An absent value passes only a test for absence.</summary>
    public bool Holds(JsonElement body)
    {
        if (Path.TryOne(body, out var one))
            return Test.Holds(one.ValueKind == JsonValueKind.Undefined ? null : ValuePath.Text(one));
        var any = false;
        foreach (var value in Path.All(body))
        {
            any = true;
            if (Test.Holds(ValuePath.Text(value)))
                return true;
        }

        return !any && Test.Holds(null);
    }
}

/// <summary>A test of one string. Codes are compared exactly; error messages are not parsed.</summary>
public sealed record TextTest(ImmutableArray<string> AnyOf, string? Prefix, bool? Exists)
{
    public bool Holds(string? value)
    {
        if (value is null)
            return Exists == false;
        if (Exists == false)
            return false;
        if (!AnyOf.IsDefaultOrEmpty && !AnyOf.Contains(value, StringComparer.Ordinal))
            return false;
        return Prefix is null || value.StartsWith(Prefix, StringComparison.Ordinal);
    }
}

public enum RetryAfterForm
{
    /// <summary>Seconds or an HTTP date (RFC 9110 10.2.3).</summary>
    Standard,
    Seconds,
    Milliseconds,
    EpochSeconds,
    EpochMilliseconds,
}

public sealed record RetryAfterSource(string Header, RetryAfterForm Form);
