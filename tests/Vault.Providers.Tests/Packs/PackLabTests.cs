using System.Text.Json.Nodes;
using Vault.PackLab;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Packs;

/// <summary>Every built-in pack through the laboratory (<c>scripts/lab</c>), and packs that must not pass it.</summary>
public sealed class PackLabTests
{
    public static TheoryData<string> Packs { get; } =
    [.. LoadedPacks.All.All.Select(p => p.Id).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Packs))]
    public async Task Holds_what_it_says(string id)
    {
        var pack = LoadedPacks.All.All.Single(p => p.Id == id);
        var report = await LabRun.RunAsync(
            pack,
            await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "packs", id + ".json"))
        );
        Assert.Equal(
            [],
            report.Findings.Where(f => f.Proof == Proof.Failed).Select(f => f.Behaviour + ": " + f.Detail)
        );
        Assert.Contains(report.Findings, f => f is { Behaviour: "connect", Proof: Proof.Proven });
        Assert.NotEmpty(report.Unproven);
    }

    [Fact]
    public async Task A_rule_that_another_hides_is_found() =>
        Assert.Contains(
            await FailuresAsync("slack", pack =>
                pack["token_errors"]!
                    .AsArray()
                    .Insert(
                        0,
                        JsonNode.Parse(
                            """{"when":{"body":[{"path":"error","exists":true}]},"meaning":"may_have_acted"}"""
                        )
                    )
            ),
            f => f.Behaviour == "token_errors"
        );

    [Fact]
    public async Task A_transient_status_that_a_rule_calls_death_is_found() =>
        Assert.Contains(
            await FailuresAsync("slack", pack =>
                pack["token_errors"]!
                    .AsArray()
                    .Insert(
                        0,
                        JsonNode.Parse(
                            """{"when":{"status":[503],"body":[{"path":"error","equals":"invalid_grant"}]},"meaning":"grant_dead","reason":"grant_revoked"}"""
                        )
                    )
            ),
            f => f.Behaviour == "transient"
        );

    [Fact]
    public async Task A_revocation_that_forgets_the_token_is_found() =>
        Assert.Contains(
            await FailuresAsync("box", pack =>
                pack["revocation"]!["parameters"] = JsonNode.Parse("""{"token":"all","note":"{token}x"}""")
            ),
            f => f.Behaviour == "revoke"
        );

    [Fact]
    public async Task A_host_parameter_that_takes_anything_is_held_by_the_host_list()
    {
        var failures = await FailuresAsync("zendesk", pack =>
            pack["parameters"]!["subdomain"]!["pattern"] = "^.{1,200}$"
        );
        Assert.DoesNotContain(failures, f => f.Behaviour == "pinned");
    }

    private static async Task<IReadOnlyList<Finding>> FailuresAsync(string id, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packs", id + ".json"))
        )!;
        change(json);
        var text = System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
        var reading = new PackReader().Read(text, id);
        Assert.True(reading.Pack is not null, string.Join("\n", reading.Faults));
        return [.. (await LabRun.RunAsync(reading.Pack, text)).Findings.Where(f => f.Proof == Proof.Failed)];
    }
}
