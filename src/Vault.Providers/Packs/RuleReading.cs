using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>Reads error rules, matches and the sources of a wait.</summary>
internal static class RuleReading
{
    public static ImmutableArray<ErrorRule> Rules(
        PackNode pack,
        string name,
        IReadOnlyDictionary<string, AnswerMeaning> meanings
    ) => [.. pack.Objects(name).Select(node => Rule(node, meanings))];

    public static ImmutableArray<AnswerMatch> Matches(PackNode pack, string name) =>
        [.. pack.Objects(name).Select(Match)];

    public static ImmutableArray<BodyMatch> BodyMatches(PackNode node, string name)
    {
        var matches = ImmutableArray.CreateBuilder<BodyMatch>();
        foreach (var item in node.Objects(name))
        {
            var path = item.Path("path", required: true);
            var test = Test(item);
            item.Done();
            if (path is not null)
                matches.Add(new BodyMatch(path, test));
        }

        return matches.ToImmutable();
    }

    public static ImmutableArray<RetryAfterSource> RetryAfter(PackNode pack)
    {
        var sources = ImmutableArray.CreateBuilder<RetryAfterSource>();
        foreach (var item in pack.Objects("retry_after"))
        {
            var header = HeaderReading.Name(item, "header");
            var form = item.Choice("form", RetryAfterForm.Standard, PackKeywords.RetryForms, required: true);
            item.Done();
            if (header is not null)
                sources.Add(new RetryAfterSource(header, form));
        }

        return sources.ToImmutable();
    }

    private static ErrorRule Rule(PackNode node, IReadOnlyDictionary<string, AnswerMeaning> meanings)
    {
        var whenNode = node.Object("when", required: true);
        var when = whenNode is null ? new AnswerMatch([], [], []) : Match(whenNode);
        if (whenNode is not null && when.Status.Length + when.Headers.Length + when.Body.Length == 0)
            node.Fault("when", "is empty, so the rule would match every response");
        var meaning = node.Choice("meaning", AnswerMeaning.Rejected, meanings, required: true);
        var reason = node.Text("reason");
        if (reason is not null && !StatusReason.All.Contains(reason))
            node.Fault("reason", $"is '{reason}'; use " + string.Join(", ", StatusReason.All));
        if (reason is null && meaning is AnswerMeaning.GrantDead or AnswerMeaning.ClientRefused && node.Has("meaning"))
            node.Fault("reason", "is missing; grant_dead and client_refused need a reason");
        if (reason is not null && meaning is not (AnswerMeaning.GrantDead or AnswerMeaning.ClientRefused))
            node.Fault("reason", "applies only to grant_dead and client_refused");
        var after = node.Seconds("retry_after_s");
        var code = node.Text("code");
        var scopes = node.Path("missing_scopes");
        if (scopes is not null && meaning != AnswerMeaning.ScopeMissing)
            node.Fault("missing_scopes", "applies only to scope_missing");
        node.Text("source");
        node.Text("notes");
        node.Text("confidence");
        node.Done();
        if (
            meaning == AnswerMeaning.GrantDead
            && when.Status.Any(s => Transient.Any(t => t >= s.From && t <= s.To))
            && when.Body.Length == 0
        )
            node.Fault(
                "when",
                "would end a grant on a transient status (408, 425, 429, 5xx) alone; match the error in the body "
                    + "as well"
            );
        return new ErrorRule(when, meaning, reason, after, code, scopes);
    }

    private static readonly int[] Transient = [408, 425, 429, 500, 502, 503, 504];

    private static AnswerMatch Match(PackNode node)
    {
        var status = ImmutableArray.CreateBuilder<StatusRange>();
        foreach (var (element, at) in node.Elements("status"))
        {
            if (Range(element) is { } range)
                status.Add(range);
            else
                node.Faults.Add(at, "must be a status like 403, or a range like \"500-599\"");
        }

        var headers = ImmutableArray.CreateBuilder<HeaderMatch>();
        foreach (var item in node.Objects("headers"))
        {
            var name = HeaderReading.Name(item, "name");
            var test = Test(item);
            item.Done();
            if (name is not null)
                headers.Add(new HeaderMatch(name, test));
        }

        var match = new AnswerMatch(status.ToImmutable(), headers.ToImmutable(), BodyMatches(node, "body"));
        node.Done();
        return match;
    }

    private static TextTest Test(PackNode node)
    {
        var any = ImmutableArray.CreateBuilder<string>();
        if (node.Raw("equals") is { } equal)
        {
            if (Scalar(equal) is { } text)
                any.Add(text);
            else
                node.Fault("equals", "must be a string, a number, true or false");
        }

        foreach (var (element, at) in node.Elements("in"))
        {
            if (Scalar(element) is { } text)
                any.Add(text);
            else
                node.Faults.Add(at, "must be a string, a number, true or false");
        }

        var prefix = node.Text("prefix");
        bool? exists = node.Has("exists") ? node.Flag("exists") : null;
        if (node.Has("equals") && node.Has("in"))
            node.Fault("in", "is combined with 'equals'; use one of them");
        if (any.Count == 0 && prefix is null && exists is null)
            node.Fault("", "tests nothing; give equals, in, prefix or exists");
        return new TextTest(any.ToImmutable(), prefix, exists);
    }

    private static string? Scalar(JsonElement value) =>
        value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            ? ValuePath.Text(value)
            : null;

    private static StatusRange? Range(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var one) && one is >= 100 and <= 599)
            return new StatusRange(one, one);
        if (value.ValueKind != JsonValueKind.String)
            return null;
        var parts = value.GetString()!.Split('-');
        return
            parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            && from >= 100
            && to <= 599
            && from <= to
            ? new StatusRange(from, to)
            : null;
    }
}
