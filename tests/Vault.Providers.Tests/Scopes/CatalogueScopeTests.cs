using Vault.Core.Connections;
using Vault.Core.Packs;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Scopes;

/// <summary>What is asked for against what the tools need, over the whole catalogue.</summary>
public sealed class CatalogueScopeTests
{
    public static TheoryData<string> Packs { get; } =
    [
        .. LoadedPacks
            .All.All.Where(p => p.Tools.Any(t => t.Scopes.AllOf.Length > 0))
            .Select(p => p.Id)
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Packs))]
    public void The_bundles_are_the_union_of_the_tools_and_no_more(string id)
    {
        var pack = LoadedPacks.All.All.Single(p => p.Id == id);
        foreach (var tools in Choices(pack.Tools))
        {
            var plan = ScopePlan.Of(
                LoadedPacks.All,
                pack,
                new ConnectionSettings { Tools = [.. tools.Select(t => t.Name)] }
            );
            Assert.All(tools, t => Assert.Empty(t.Scopes.Missing(plan.All)));
            // Beyond the provider's own defaults each scope is there for a tool, and no tool would run without it.
            Assert.Equal([], ScopeUnion.Needless(tools.Select(t => t.Scopes), plan.All).Except(pack.DefaultScopes));
            Assert.Equal(plan.All.Order(), ScopeUnion.Of(tools.Select(t => t.Scopes), pack.DefaultScopes).Order());
            Assert.Equal(plan.All.Length, plan.All.Distinct().Count());
            Assert.DoesNotContain(plan.Base.Except(pack.DefaultScopes), s => ScopeRisks.Of(pack, s) != ScopeRisk.None);
            foreach (var (risk, scopes) in plan.Risky)
                Assert.All(scopes, s => Assert.Equal(risk, ScopeRisks.Of(pack, s)));
        }
    }

    [Fact]
    public void Each_tool_alone_asks_for_no_more_than_its_own_minimum()
    {
        foreach (var pack in LoadedPacks.All.All)
        {
            foreach (var tool in pack.Tools)
            {
                var asked = ScopePlan.Of(pack, [tool]).All.Except(pack.DefaultScopes, StringComparer.Ordinal).ToList();
                Assert.True(
                    asked.Count <= tool.Scopes.AllOf.Length
                        && asked.All(s => tool.Scopes.AllOf.Any(g => g[0] == s || g.Contains(s))),
                    tool.Name
                );
            }
        }
    }

    [Theory]
    [InlineData("zoom", ScopeRisk.Delete, "meeting:delete:meeting")]
    [InlineData("github_app", ScopeRisk.Admin, "administration:write")]
    public void Risky_scopes_stand_in_bundles_of_their_own(string id, ScopeRisk risk, string scope)
    {
        var plan = ScopePlan.Of(LoadedPacks.All, LoadedPacks.All.All.Single(p => p.Id == id), new ConnectionSettings());
        Assert.DoesNotContain(scope, plan.Base);
        Assert.Contains(scope, plan.Risky[risk]);
        Assert.Contains(scope, plan.With([risk]));
    }

    [Fact]
    public void A_connection_may_offer_tools_that_its_provider_takes_over()
    {
        var google = LoadedPacks.All.All.Single(p => p.Id == "google");
        var settings = new ConnectionSettings { ClientId = "client", Tools = ["gmail_send_message"] };
        Assert.Empty(ConnectionRules.Check(LoadedPacks.All, google, settings, false, new ConnectOptions()));
        Assert.Contains(
            "https://www.googleapis.com/auth/gmail.send",
            ScopePlan.Of(LoadedPacks.All, google, settings).Base
        );
        Assert.Single(
            ConnectionRules.Check(
                LoadedPacks.All,
                google,
                settings with
                {
                    Tools = ["slack_send_message"],
                },
                false,
                new ConnectOptions()
            )
        );
    }

    /// <summary>All tools, none, each half, and every tool alone.</summary>
    private static IEnumerable<List<ToolDefinition>> Choices(IReadOnlyList<ToolDefinition> tools)
    {
        yield return [.. tools];
        yield return [];
        yield return [.. tools.Where((_, i) => i % 2 == 0)];
        yield return [.. tools.Where(t => t.Effect == Effect.Read)];
        foreach (var tool in tools)
            yield return [tool];
    }
}
