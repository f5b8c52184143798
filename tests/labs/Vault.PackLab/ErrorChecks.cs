using System.Net;
using System.Text;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.PackLab;

/// <summary>
/// Every line of a pack's error tables, sent as an answer of the provider; and the faults that may never end a grant.
/// </summary>
internal static class ErrorChecks
{
    private static readonly int[] Transient = [408, 425, 429, 500, 502, 503, 504];

    public static async Task<string> TokenRulesAsync(LabBench bench)
    {
        var told = 0;
        foreach (var rule in bench.Pack.Details.TokenErrors)
        {
            foreach (var answer in Answers(rule.When, 400))
            {
                bench.Emulator.Scripted = answer.Message();
                var reply = await AskAsync(bench);
                var (meaning, reason) = reply switch
                {
                    TokenReply.GrantDead r => (AnswerMeaning.GrantDead, r.Reason),
                    TokenReply.ClientRefused r => (AnswerMeaning.ClientRefused, r.Reason),
                    TokenReply.NotActed => (AnswerMeaning.NotActed, null),
                    TokenReply.MayHaveActed => (AnswerMeaning.MayHaveActed, null),
                    _ => (AnswerMeaning.Rejected, (string?)"granted"),
                };
                LabException.Require(
                    meaning == rule.Meaning && reason == rule.Reason,
                    $"{answer}: {meaning} {reason} instead of {rule.Meaning} {rule.Reason}"
                );
                told++;
            }
        }

        return $"{told} answers";
    }

    public static async Task<string> ApiRulesAsync(LabBench bench)
    {
        var told = 0;
        var mode = bench.Pack.AuthModes[0];
        using var own = mode is AuthMode.ApiKey or AuthMode.Basic ? Samples.Credential(bench.Pack, mode) : null;
        using var grant = own is null
            ? new GrantTokens { AccessToken = Secret.From(bench.Emulator.Consent().Access) }
            : null;
        foreach (var rule in bench.Pack.Details.ApiErrors)
        {
            foreach (var answer in Answers(rule.When, 400))
            {
                bench.Emulator.Scripted = answer.Message();
                var reply = await bench.Upstream.SendAsync(Calls.Read(bench, grant, own), default);
                LabException.Require(
                    reply.Outcome.ToString() == rule.Meaning.ToString()
                        && (rule.Reason is null || reply.Reason == rule.Reason),
                    $"{answer}: {reply.Outcome} {reply.Reason} instead of {rule.Meaning} {rule.Reason}"
                );
                told++;
            }
        }

        foreach (var status in Transient)
        {
            bench.Emulator.Scripted = new HttpResponseMessage((HttpStatusCode)status)
            {
                Content = new StringContent(""),
            };
            var reply = await bench.Upstream.SendAsync(Calls.Read(bench, grant, own), default);
            LabException.Require(
                reply.Outcome is UpstreamOutcome.RateLimited or UpstreamOutcome.Unavailable,
                $"HTTP {status} came to {reply.Outcome}"
            );
        }

        return $"{told} answers";
    }

    /// <summary>
    /// Statuses that say "later", with no body, an HTML body and the body of a dead grant; connections that fail and
    /// replies that are lost.
    /// </summary>
    public static async Task<string> TransientAsync(LabBench bench)
    {
        foreach (var status in Transient)
        {
            foreach (
                var body in new[]
                {
                    "",
                    "<html>busy</html>",
                    "{\"error\":\"temporarily_unavailable\"}",
                    "{\"error\":\"invalid_grant\"}",
                }
            )
            {
                bench.Emulator.Scripted = new HttpResponseMessage((HttpStatusCode)status)
                {
                    Content = new StringContent(
                        body,
                        Encoding.UTF8,
                        body.StartsWith('{') ? "application/json" : "text/html"
                    ),
                };
                var reply = await AskAsync(bench);
                LabException.Require(
                    reply is TokenReply.NotActed or TokenReply.MayHaveActed,
                    $"HTTP {status} '{body}' came to {reply}"
                );
            }
        }

        // What kills a grant at 400 does not at 503.
        foreach (var rule in bench.Pack.Details.TokenErrors.Where(r => r.Meaning == AnswerMeaning.GrantDead))
        {
            foreach (var answer in Answers(rule.When, 400))
            {
                bench.Emulator.Scripted = (answer with { Status = 503 }).Message();
                var reply = await AskAsync(bench);
                LabException.Require(reply is not TokenReply.GrantDead, $"503 {answer} came to {reply}");
            }
        }

        bench.Emulator.RefuseConnection = true;
        LabException.Require(await AskAsync(bench) is TokenReply.NotActed, "a refused connection is not 'not acted'");
        bench.Emulator.LoseReply = true;
        LabException.Require(await AskAsync(bench) is TokenReply.MayHaveActed, "a lost reply is not 'may have acted'");
        return $"{Transient.Length * 4} answers, 2 faults";
    }

    private static async Task<TokenReply> AskAsync(LabBench bench)
    {
        using var token = Secret.From(bench.Emulator.Consent().Refresh);
        return await bench.Tokens.RefreshAsync(bench.Client, token, bench.Soon);
    }

    /// <summary>One answer for every code that a rule names.</summary>
    private static IEnumerable<Canned> Answers(AnswerMatch when, int otherwise)
    {
        var status = when.Status.Length > 0 ? when.Status[0].From : otherwise;
        var most = Math.Max(
            1,
            when.Body.Select(b => b.Test.AnyOf.IsDefaultOrEmpty ? 1 : b.Test.AnyOf.Length).DefaultIfEmpty(1).Max()
        );
        for (var i = 0; i < most; i++)
        {
            var body = new JsonShape();
            foreach (var match in when.Body)
            {
                if (match.Test.Exists == false)
                    continue;
                body.With(
                    match.Path,
                    match.Test.AnyOf.IsDefaultOrEmpty
                        ? match.Test.Prefix ?? "lab"
                        : Value(match.Test.AnyOf[Math.Min(i, match.Test.AnyOf.Length - 1)])
                );
            }

            var headers = when
                .Headers.Where(h => h.Test.Exists != false)
                .Select(h => (h.Name, h.Test.AnyOf.IsDefaultOrEmpty ? h.Test.Prefix ?? "1" : h.Test.AnyOf[0]))
                .ToList();
            yield return new Canned(status, body.Text, headers);
        }
    }

    private static System.Text.Json.Nodes.JsonNode Value(string text) =>
        text switch
        {
            "true" => true,
            "false" => false,
            _ => long.TryParse(
                text,
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out var number
            )
                ? number
                : text,
        };

    private sealed record Canned(int Status, string Body, IReadOnlyList<(string Name, string Value)> Headers)
    {
        public HttpResponseMessage Message()
        {
            var message = PackEmulator.Answer(Status, Body);
            foreach (var (name, value) in Headers)
                message.Headers.TryAddWithoutValidation(name, value);
            return message;
        }

        public override string ToString() => $"{Status} {Body}";
    }
}
