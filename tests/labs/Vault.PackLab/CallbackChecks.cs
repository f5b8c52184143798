using System.Security.Cryptography;
using System.Text;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.PackLab;

/// <summary>What the browser brings back beside the code: taken where it fits, refused where it does not.</summary>
internal static class CallbackChecks
{
    private static readonly string[] Hostile =
    [
        "evil.example",
        "https://evil.example",
        "../..",
        "a b",
        "1\n2",
        "{}",
        "x".PadRight(600, 'x'),
    ];

    public static Task<string> BringsAsync(LabBench bench)
    {
        var shape = bench.Pack.Details.OAuth!.Callback!;
        var reading = bench.Tokens.ReadCallback(bench.Client, Way(bench, shape));
        LabException.Require(reading.Fault is null, "what the pack itself describes is refused: " + reading.Fault);
        foreach (var (name, _) in shape.Capture)
            LabException.Require(
                reading.Captured.GetValueOrDefault(name) == Samples.Captured(bench.Pack.Details.Parameters[name]),
                $"'{name}' was not captured"
            );
        var tried = 0;
        foreach (var from in shape.Capture.Values.Concat(shape.Expect.Keys))
        {
            foreach (var hostile in Hostile)
            {
                LabException.Require(
                    bench.Tokens.ReadCallback(bench.Client, Way(bench, shape, (from, hostile))).Fault is not null,
                    $"'{hostile}' as {from} was taken"
                );
                tried++;
            }
        }

        if (shape.Signature is { } signature)
        {
            var forged = Way(bench, shape);
            forged["more"] = "added";
            LabException.Require(
                bench.Tokens.ReadCallback(bench.Client, forged).Fault is not null,
                $"a callback that was changed after it was signed ({signature}) was taken"
            );
            tried++;
        }

        return Task.FromResult($"{shape.Capture.Count} captured, {shape.Expect.Count} compared, {tried} hostile");
    }

    private static Dictionary<string, string> Way(
        LabBench bench,
        CallbackShape shape,
        params (string Name, string Value)[] instead
    )
    {
        var query = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [shape.Code] = "lab-code",
            ["state"] = "lab-state",
        };
        foreach (var (name, from) in shape.Capture)
            query[from] = Samples.Captured(bench.Pack.Details.Parameters[name]);
        foreach (var (name, template) in shape.Expect)
            query[name] = TextTemplate.Expand(
                template,
                place =>
                    place == "client_id"
                        ? PackEmulator.ClientId
                        : PackParameters.Find(bench.Pack, bench.Client.Parameters, place),
                out _
            )!;
        foreach (var (name, value) in instead)
            query[name] = value;
        if (shape.Signature is { } signature)
            query[signature] = Convert.ToHexStringLower(
                HMACSHA256.HashData(
                    Encoding.UTF8.GetBytes(PackEmulator.ClientSecret),
                    Encoding.UTF8.GetBytes(
                        string.Join(
                            '&',
                            query.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + "=" + p.Value)
                        )
                    )
                )
            );
        return query;
    }
}
