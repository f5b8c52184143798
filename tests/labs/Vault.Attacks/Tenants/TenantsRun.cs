using System.Diagnostics;
using System.Text.RegularExpressions;
using Vault.Attacks.Rig;

namespace Vault.Attacks.Tenants;

/// <param name="Places">Operations × places × things, each tried with a foreign and with an unknown value.</param>
/// <param name="Medians">Answer times in microseconds, foreign and unknown, over everything.</param>
internal sealed record TenantsReport(
    int Attempts,
    int Places,
    int Routes,
    TimeSpan Elapsed,
    IReadOnlyList<string> Leaks,
    IReadOnlyList<string> Differences,
    IReadOnlyList<string> Changes,
    int Ports,
    (double Foreign, double Nobody) Medians,
    IReadOnlyList<(string Place, double Foreign, double Nobody)> Slowest
)
{
    public bool IsClean => Leaks.Count + Differences.Count + Changes.Count == 0;
}

/// <summary>
/// An attacker with every permission of its own organization names everything of a victim, everywhere. What it is told
/// must not hold anything of the victim, must not differ from what it is told about things that do not exist, and must
/// not change the victim.
/// </summary>
internal static partial class TenantsRun
{
    private static readonly HashSet<string> Unsteady = ["Date", "Server", "Content-Length", "Retry-After"];

    // What ends the attacker itself, or waits for people: the rest of the matrix would be tried by nobody.
    private static readonly HashSet<string> Skipped =
    [
        "eraseOrganization",
        "deleteOrganization",
        "suspendOrganization",
    ];

    public static async Task<TenantsReport> RunAsync(int attempts, bool postgres, Action<int, TimeSpan>? progress)
    {
        await using var rig = await AttackRig.StartAsync(postgres);
        using var dump = new VictimDump(rig);
        var contract = await Contract.ReadAsync(rig);
        var victim = await Tenant.MakeAsync(rig, "victim");
        var before = dump.Take(victim.Organization);
        List<string> leaks = [],
            differences = [],
            changes = [];
        var times = new Dictionary<string, (List<double> Foreign, List<double> Nobody)>();
        var reached = new HashSet<string>();
        var clock = Stopwatch.StartNew();
        int made = 0,
            places = 0,
            ports = 0;
        for (var pass = 0; made < attempts; pass++)
        {
            var attacker = await Tenant.MakeAsync(rig, "attacker" + pass);
            ports += await StorePortAttempts.TryAsync(rig, attacker, victim, leaks);
            var all = new AttemptMatrix(contract, attacker, victim)
                .All()
                .Where(a =>
                    !Skipped.Contains(a.Route.Id)
                    || !a.Foreign.Contains(attacker.Organization, StringComparison.Ordinal)
                )
                .ToList();
            if (pass == 0)
                places = all.Count;
            foreach (var (attempt, index) in all.Select((a, i) => (a, i)))
            {
                reached.Add(attempt.Route.Id);

                // Now the one first, now the other, so that a warm cache favours neither.
                var foreignFirst = (pass + index) % 2 == 0;
                var first = await SendAsync(rig, attacker, attempt, foreignFirst);
                var second = await SendAsync(rig, attacker, attempt, !foreignFirst);
                var (foreign, nobody) = foreignFirst ? (first, second) : (second, first);
                made += 2;
                if (Leak(victim, attempt, foreign) is { } leak && leaks.Count < 20)
                    leaks.Add(leak);
                if (Shape(foreign, attempt, true) != Shape(nobody, attempt, false))
                {
                    // Asked once more: what tells a foreign id from an unknown one does so every time, a busy machine
                    // does not.
                    (foreign, nobody) = (
                        await SendAsync(rig, attacker, attempt, true),
                        await SendAsync(rig, attacker, attempt, false)
                    );
                    if (Shape(foreign, attempt, true) != Shape(nobody, attempt, false) && differences.Count < 20)
                        differences.Add(
                            $"{attempt}: foreign and unknown are told apart\n  foreign {foreign}\n  unknown {nobody}"
                        );
                }

                if (!times.TryGetValue(attempt.ToString(), out var pair))
                    times[attempt.ToString()] = pair = ([], []);
                pair.Foreign.Add(foreign.Took.TotalMicroseconds);
                pair.Nobody.Add(nobody.Took.TotalMicroseconds);
                progress?.Invoke(made, clock.Elapsed);
            }

            var after = dump.Take(victim.Organization);
            foreach (var (table, rows) in after.Where(t => before[t.Key] != t.Value))
                changes.Add($"{table} of the victim changed in pass {pass}");
        }

        var slowest = times
            .Select(t => (t.Key, Median(t.Value.Foreign), Median(t.Value.Nobody)))
            .OrderByDescending(t => Math.Abs(t.Item2 - t.Item3))
            .Take(5)
            .ToList();
        return new TenantsReport(
            made,
            places,
            reached.Count,
            clock.Elapsed,
            leaks,
            differences,
            changes,
            ports,
            (Median([.. times.Values.SelectMany(t => t.Foreign)]), Median([.. times.Values.SelectMany(t => t.Nobody)])),
            slowest
        );
    }

    private static Task<Answer> SendAsync(AttackRig rig, Tenant attacker, Attempt attempt, bool foreign) =>
        rig.SendAsync(
            attempt.Method,
            foreign ? attempt.Foreign : attempt.Nobody,
            attacker.Key,
            foreign ? attempt.ForeignBody : attempt.NobodyBody,
            "application/json",
            (foreign ? attempt.ForeignHeader : attempt.NobodyHeader) is { } header ? [("Idempotency-Key", header)] : []
        );

    // What the attacker sent itself may come back; anything else of the victim may not.
    private static string? Leak(Tenant victim, Attempt attempt, Answer answer)
    {
        var sent =
            attempt.Foreign
            + (attempt.ForeignBody is null ? "" : System.Text.Encoding.UTF8.GetString(attempt.ForeignBody));
        var text = answer.Text + string.Join('\n', answer.Headers.SelectMany(h => h.Value));
        var mark = victim
            .Marks.Append("Marked-victim")
            .FirstOrDefault(m =>
                text.Contains(m, StringComparison.Ordinal) && !sent.Contains(m, StringComparison.Ordinal)
            );
        return mark is null ? null : $"{attempt}: the answer holds {mark}\n  {answer}";
    }

    /// <summary>
    /// Status, headers and body without what differs from request to request: ids, times, and what was sent.
    /// </summary>
    private static string Shape(Answer answer, Attempt attempt, bool foreign)
    {
        var text = answer.Text;
        foreach (
            var sent in Sent(
                foreign ? attempt.Foreign : attempt.Nobody,
                foreign ? attempt.ForeignBody : attempt.NobodyBody
            )
        )
            text = text.Replace(sent, "<sent>", StringComparison.Ordinal);
        text = Secrets().Replace(Instants().Replace(Ids().Replace(text, "<id>"), "<time>"), "<secret>");
        return $"{answer.Status} {answer.ContentType}\n{string.Join('\n', answer.Headers.Where(h => !Unsteady.Contains(h.Key)).Select(h => h.Key + ": " + Ids().Replace(string.Join(',', h.Value), "<id>")).Order())}\n{Numbers().Replace(text, "<n>")}";
    }

    private static IEnumerable<string> Sent(string target, byte[]? body)
    {
        foreach (
            var part in Regex
                .Split(
                    Uri.UnescapeDataString(target)
                        + (body is null ? "" : "\n" + System.Text.Encoding.UTF8.GetString(body)),
                    "[^\\w\\-]+"
                )
                .Where(p => p.Length >= 8)
                .Distinct()
                .OrderByDescending(p => p.Length)
        )
            yield return part;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex(@"\b(org|conn|ca|exe|key|apr|req|evt|att|lnk)_[0-9a-z]{26}\b")]
    private static partial Regex Ids();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")]
    private static partial Regex Instants();

    [GeneratedRegex(@"(?<=/connect/)[\w-]+|vk_live_[\w-]+|\b[0-9a-f]{64}\b|(?<=""(salt|next_page_token)"":"")[^""]*")]
    private static partial Regex Secrets();

    [GeneratedRegex(@"\b\d+(\.\d+)?\b")]
    private static partial Regex Numbers();
}
