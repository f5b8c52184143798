using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Vault.Attacks.Rig;

namespace Vault.Attacks.Fuzz;

/// <param name="Cut">Slow senders that the server sent away; <paramref name="Senders"/> is all of them.</param>
/// <param name="Longest">How long the last of them was borne with.</param>
/// <param name="Quick">Requests of somebody else meanwhile, and the slowest of their answers.</param>
internal sealed record SlowReport(
    int Senders,
    int Cut,
    TimeSpan Longest,
    int Quick,
    TimeSpan Slowest,
    IReadOnlyList<string> Faults
);

/// <summary>
/// Senders who trickle: headers that do not end, bodies that are announced and hardly come, chunks of one byte. Each
/// must be sent away in a bounded time without an answer 5xx and without a change, and whoever is not slow must be
/// served meanwhile.
/// </summary>
internal static class SlowSenders
{
    private const int OfEachKind = 40;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Drop = TimeSpan.FromMilliseconds(500);

    public static async Task<SlowReport> RunAsync(bool postgres)
    {
        await using var rig = await AttackRig.StartAsync(postgres);
        using var dump = new Dump(rig);
        var before = dump.Take();
        var head =
            $"POST /v1/organizations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {rig.Admin}\r\nContent-Type: application/json\r\n";
        (string Kind, string Begin, string Trickle)[] kinds =
        [
            ("headers without an end", head, "X-More: a\r\n"),
            ("a body of which half comes", head + "Content-Length: 500\r\n\r\n{\"display_name\":\"", "a"),
            ("chunks of one byte", head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n{\r\n"),
            (
                "a body announced to nobody's key",
                head.Replace(rig.Admin, "vk_live_nobody", StringComparison.Ordinal) + "Content-Length: 500\r\n\r\n",
                "a"
            ),
            ("one byte of a request line", "P", "O"),
        ];
        using var over = new CancellationTokenSource();
        var others = ServeAsync(rig, over.Token);
        var ends = await Task.WhenAll(
            kinds
                .SelectMany(k =>
                    Enumerable.Range(0, OfEachKind).Select(_ => TrickleAsync(rig.Port, k.Begin, k.Trickle))
                )
                .ToList()
        );
        await over.CancelAsync();
        var (quick, slowest, faults) = await others;
        for (var i = 0; i < ends.Length; i++)
        {
            var kind = kinds[i / OfEachKind].Kind;
            if (!ends[i].Cut)
                faults.Add($"{kind}: still heard after {Timeout.TotalSeconds:0} s");
            if (
                ends[i].Answer.StartsWith("HTTP/1.1 5", StringComparison.Ordinal)
                || ends[i].Answer.StartsWith("HTTP/1.1 2", StringComparison.Ordinal)
            )
                faults.Add($"{kind}: {ends[i].Answer}");
        }

        var after = dump.Take();
        faults.AddRange(
            after.Where(t => before[t.Key] != t.Value).Select(t => $"slow senders changed the table {t.Key}")
        );
        faults.AddRange(rig.Errors.Errors.Take(3).Select(e => "logged: " + e));
        return new SlowReport(
            ends.Length,
            ends.Count(e => e.Cut),
            ends.Max(e => e.After),
            quick,
            slowest,
            [.. faults.Distinct()]
        );
    }

    private static async Task<(bool Cut, TimeSpan After, string Answer)> TrickleAsync(
        int port,
        string begin,
        string trickle
    )
    {
        var started = Stopwatch.GetTimestamp();
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var stream = client.GetStream();
        var heard = HearAsync(stream);
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(begin));
            using var drops = new PeriodicTimer(Drop);
            while (!heard.IsCompleted && Stopwatch.GetElapsedTime(started) < Timeout)
            {
                await Task.WhenAny(heard, drops.WaitForNextTickAsync().AsTask());
                if (!heard.IsCompleted)
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(trickle));
            }
        }
        catch (IOException)
        {
            // Closed while we were sending.
            return (true, Stopwatch.GetElapsedTime(started), heard.IsCompletedSuccessfully ? heard.Result : "");
        }

        var cut = heard.IsCompleted;
        return (cut, Stopwatch.GetElapsedTime(started), cut ? await heard : "");
    }

    /// <summary>The first of what the server says, when it has closed or has said enough.</summary>
    private static async Task<string> HearAsync(NetworkStream stream)
    {
        var buffer = new byte[1_024];
        try
        {
            return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static async Task<(int Served, TimeSpan Slowest, List<string> Faults)> ServeAsync(
        AttackRig rig,
        CancellationToken over
    )
    {
        var (served, slowest, faults) = (0, TimeSpan.Zero, new List<string>());
        while (!over.IsCancellationRequested)
        {
            var answer = await rig.GetAsync("/v1/providers?page_size=1", rig.Admin);
            served++;
            if (answer.Took > slowest)
                slowest = answer.Took;
            if (answer.Status != 200)
                faults.Add($"somebody who is not slow was answered {answer}");
        }

        return (served, slowest, faults);
    }
}
