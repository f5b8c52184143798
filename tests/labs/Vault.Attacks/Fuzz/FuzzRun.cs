using System.Collections.Concurrent;
using System.Diagnostics;
using Vault.Attacks.Rig;

namespace Vault.Attacks.Fuzz;

/// <param name="Compared">Rejected requests before and after which the tables were compared.</param>
/// <param name="Faults">Answers that are not as documented, and changes by rejected requests; a few of each
/// kind.</param>
internal sealed record FuzzReport(
    int Requests,
    TimeSpan Elapsed,
    IReadOnlyDictionary<int, int> Statuses,
    int Compared,
    int Rejected,
    int Tables,
    int Unread,
    int RoutesReached,
    int Routes,
    IReadOnlyList<string> Faults,
    IReadOnlyList<string> Errors
)
{
    public bool IsClean => Faults.Count == 0;
}

/// <summary>
/// Fires at a running host, round by round, and looks at every answer; where a whole round was rejected, the tables
/// must be as before.
/// </summary>
internal static class FuzzRun
{
    private const int RoundSize = 24;
    private const int Workers = 4;
    private const int RoundsPerTenant = 40;

    public static async Task<FuzzReport> RunAsync(
        int requests,
        int seed,
        bool postgres,
        Action<int, TimeSpan>? progress
    )
    {
        await using var rig = await AttackRig.StartAsync(postgres);
        using var dump = new Dump(rig);
        var contract = await Contract.ReadAsync(rig);
        var chance = new Chance(seed);
        var statuses = new ConcurrentDictionary<int, int>();
        var reached = new ConcurrentDictionary<string, int>();
        var faults = new ConcurrentDictionary<string, string>();
        var clock = Stopwatch.StartNew();
        int compared = 0,
            rejected = 0,
            fired = 0;
        Gun gun = null!;
        for (var round = 0; fired < requests; round++)
        {
            if (round % RoundsPerTenant == 0)
                gun = new Gun(contract, await Tenant.MakeAsync(rig, $"{seed}-{round}"), rig.Admin, chance);
            var shots = Enumerable.Range(0, Math.Min(RoundSize, requests - fired)).Select(_ => gun.Next()).ToList();
            var (version, before) = (dump.Version(), dump.Take());
            var answers = new Answer[shots.Count];
            await Parallel.ForAsync(
                0,
                shots.Count,
                new ParallelOptions { MaxDegreeOfParallelism = Workers },
                async (i, _) =>
                {
                    var answer = answers[i] = await FireAsync(rig, shots[i]);
                    statuses.AddOrUpdate(answer.Status, 1, (_, n) => n + 1);
                    if (answer.Status < 300)
                        reached[shots[i].Route.Id] = 1;
                    if (Fault(contract, shots[i], answer) is { } fault)
                        faults.TryAdd(shots[i].Route.Id + ": " + fault, $"{fault}\n  {shots[i]}\n  {answer}");
                }
            );
            fired += shots.Count;
            rejected += answers.Count(a => a.Status >= 400);
            if (!answers.Where((a, i) => a.Status < 400 && shots[i].Method is not ("GET" or "HEAD")).Any())
            {
                compared += answers.Count(a => a.Status >= 400);
                if (
                    dump.Version() != version
                    && Changed(before, dump.Take()) is not null
                    && await AgainAsync(rig, dump, shots) is { } table
                )
                    faults.TryAdd(
                        "changed " + table,
                        $"a round of rejected requests changed the table {table}\n  {string.Join("\n  ", shots.Select((s, i) => answers[i].Status + " " + s))}"
                    );
            }

            progress?.Invoke(fired, clock.Elapsed);
        }

        return new FuzzReport(
            fired,
            clock.Elapsed,
            new SortedDictionary<int, int>(statuses),
            compared,
            rejected,
            dump.Tables,
            contract.Unread,
            reached.Count,
            contract.Routes.Count,
            [.. faults.Values],
            rig.Errors.Errors
        );
    }

    // What an earlier round began in the background (a key rotation, a cascade) may end in this one; a rejected request
    // that changes something does it again.
    private static async Task<string?> AgainAsync(AttackRig rig, Dump dump, List<Shot> shots)
    {
        string? table = null;
        for (var turn = 0; turn < 2; turn++)
        {
            var before = dump.Take();
            foreach (var shot in shots)
                await FireAsync(rig, shot);
            table = Changed(before, dump.Take());
            if (table is null)
                return null;
        }

        return table;
    }

    private static string? Changed(Dictionary<string, string> before, Dictionary<string, string> after) =>
        after.FirstOrDefault(t => before[t.Key] != t.Value).Key;

    private static async Task<Answer> FireAsync(AttackRig rig, Shot shot)
    {
        try
        {
            return await rig.SendAsync(
                shot.Method,
                shot.Target,
                shot.Key,
                shot.Body,
                shot.ContentType,
                [.. shot.Headers]
            );
        }
        catch (HttpRequestException e) when (e.InnerException is IOException)
        {
            // The server has read enough of a body that is too large, and closed the connection.
            return new Answer(413, null, [], new HttpResponseMessage().Headers, TimeSpan.Zero);
        }
    }

    private static string? Fault(Contract contract, Shot shot, Answer answer)
    {
        if (answer.Status >= 500 && answer.Status is not (502 or 503 or 504))
            return "a " + answer.Status;
        var path = shot.Target.Split('?')[0];

        // Which operation it is to the server; a request that fits none is answered by the server's own 400, 404, 405
        // or 414.
        var route =
            shot.Method == shot.Route.Method && shot.Route.Pattern.IsMatch(path)
                ? shot.Route
                : contract.Routes.FirstOrDefault(r => r.Method == shot.Method && r.Pattern.IsMatch(path));
        if (
            route is not null
            && answer.Status is not (405 or 414 or 431)
            && !(answer.Status is 400 or 404 or 413 && answer.Body.Length == 0)
        )
            return contract.Fault(route, answer);
        return answer.Status < 400 && shot.Method is not ("HEAD" or "OPTIONS") && route is null
            ? $"a {answer.Status} for a request that fits no operation"
            : null;
    }
}
