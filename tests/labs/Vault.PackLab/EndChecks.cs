using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Providers.OAuth;

namespace Vault.PackLab;

/// <summary>Revocation, and the hosts that no parameter and no answer may lead away from.</summary>
internal static class EndChecks
{
    private static readonly string[] Hostile =
    [
        "evil.example",
        "acme.evil.example",
        "x@evil.example",
        "evil.example#",
        "evil.example?",
        "evil.example/",
        "127.0.0.1",
        "169.254.169.254",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "https://evil.example",
        "http://127.0.0.1:8080",
        "acme.salesforce.com.evil.example",
        "https://acme.salesforce.com.evil.example",
        "com.evil.example",
        "evil.example:443",
        "acme\\.evil.example",
        "..",
        "a b",
    ];

    public static async Task<string> RevokeAsync(LabBench bench)
    {
        var issued = bench.Emulator.Consent();
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(issued.Access),
            RefreshToken = bench.Pack.AuthModes.Contains(AuthMode.AuthorizationCode)
                ? Secret.From(issued.Refresh)
                : null,
        };
        var reply = await bench.Tokens.RevokeAsync(bench.Client, grant, bench.Soon);
        LabException.Require(
            reply.Outcome == UpstreamRevocation.Confirmed && !bench.Emulator.IsGood(issued.Access),
            $"came to {reply.Outcome} {reply.Failure}"
        );
        bench.Emulator.Scripted = PackEmulator.Answer(503, "{}");
        reply = await bench.Tokens.RevokeAsync(bench.Client, grant, bench.Soon);
        LabException.Require(
            reply is { Outcome: UpstreamRevocation.Pending, Retry: true },
            $"503 came to {reply.Outcome}"
        );
        return "ends the " + bench.Pack.Details.Revocation!.Kills;
    }

    /// <summary>
    /// Every parameter of every address, with texts that would lead elsewhere: the pattern or the host list refuses
    /// each.
    /// </summary>
    public static async Task<string> PinnedAsync(LabBench bench, Vault.Providers.Egress.EgressPolicy policy)
    {
        var details = bench.Pack.Details;
        var urls = new[]
        {
            details.OAuth?.AuthorizationUrl,
            details.OAuth?.TokenUrl,
            details.OAuth?.RefreshUrl,
            details.Revocation?.Url,
            details.Introspection?.Url,
            details.Identity?.Url,
            details.Verification?.Url,
            details.Api.BaseUrl,
        }
            .OfType<UrlTemplate>()
            .ToList();
        var tried = 0;
        foreach (var url in urls)
        {
            var good = new TemplateContext(
                bench.Pack,
                bench.Client.Parameters.SetItems(Account(bench)),
                PackEmulator.ClientId,
                null
            ).ExpandUrl(url, policy, out var fault);
            LabException.Require(good is not null, $"{url.Source} cannot be called: {fault}");
            foreach (var place in url.OriginVariables)
            {
                foreach (var hostile in Hostile)
                {
                    var variables = new TemplateContext(
                        bench.Pack,
                        bench.Client.Parameters.SetItem(place, hostile),
                        PackEmulator.ClientId,
                        null
                    );
                    LabException.Require(
                        variables.ExpandUrl(url, policy, out _) is not { } led
                            || Core.Templates.HostRules.Covers(bench.Pack.Hosts, led.IdnHost),
                        $"'{hostile}' as {place} leads {url.Source} away"
                    );
                    tried++;
                }
            }
        }

        if (details.OAuth is { Answer.Capture.Count: > 0 } && bench.Pack.AuthModes.Contains(AuthMode.AuthorizationCode))
        {
            bench.Emulator.CapturedValue = "https://evil.example";
            var refused = false;
            try
            {
                using var grant = await ConnectChecks.ConsentAsync(bench);
            }
            catch (LabException)
            {
                refused = true;
            }

            bench.Emulator.CapturedValue = null;
            LabException.Require(refused, "a captured host of a stranger was taken");
            tried++;
        }

        return tried == 0 ? $"{urls.Count} fixed addresses" : $"{tried} hostile values";
    }

    private static Dictionary<string, string> Account(LabBench bench) =>
        bench
            .Pack.Details.Parameters.Where(p =>
                p.Value.Example is not null && !bench.Client.Parameters.ContainsKey(p.Key)
            )
            .ToDictionary(p => p.Key, p => p.Value.Example!, StringComparer.Ordinal);
}
