using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Tests.Connections;

public sealed class ScopeUnionTests
{
    [Theory]
    [InlineData("", "a", "a")]
    [InlineData("", "a|b ; b", "b")]
    [InlineData("", "a|b ; b|c", "b")]
    [InlineData("", "a|b ; b|c ; d", "b,d")]
    [InlineData("c", "a|b|c ; c", "c")]
    [InlineData("x", "a", "x,a")]
    [InlineData("", "a,b ; b", "a,b")]
    [InlineData("", "", "")]
    public void Holds_what_is_needed_and_no_more(string given, string tools, string expected) =>
        Assert.Equal(Split(expected, ','), ScopeUnion.Of(tools.Split(';').Select(Need), Split(given, ',')));

    [Fact]
    public void Every_tool_runs_with_it_and_nothing_in_it_could_be_left_out()
    {
        var random = new Random(11);
        for (var round = 0; round < 2_000; round++)
        {
            var needs = Enumerable
                .Range(0, random.Next(1, 6))
                .Select(_ => new ScopeRequirement([
                    .. Enumerable
                        .Range(0, random.Next(1, 3))
                        .Select(_ =>
                            Enumerable
                                .Range(0, random.Next(1, 4))
                                .Select(_ => ((char)('a' + random.Next(6))).ToString())
                                .Distinct()
                                .ToImmutableArray()
                        ),
                ]))
                .ToList();
            var union = ScopeUnion.Of(needs, []);
            Assert.All(needs, n => Assert.Empty(n.Missing(union)));
            Assert.Empty(ScopeUnion.Needless(needs, union));
        }
    }

    [Fact]
    public void A_version_is_staged_for_a_share_then_active_and_the_one_before_is_kept()
    {
        var settings = new ConnectionSettings { Scopes = ["read"] };
        settings = ScopeBundles.Add(
            settings,
            ["read", "write"],
            DateTimeOffset.UnixEpoch,
            "key_1",
            "more",
            out var added
        );
        Assert.Equal((2, BundleStage.Draft), (added.Version, added.Stage));
        settings = ScopeBundles.Stage(settings, 2, 10)!;
        Assert.Equal((BundleStage.Staged, 10), (settings.Bundles[0].Stage, settings.Bundles[0].Percent));
        Assert.Null(ScopeBundles.Stage(settings, 7, 10));
        settings = ScopeBundles.Activate(settings, ["read"], 2, DateTimeOffset.UnixEpoch, "key_1")!;
        Assert.Equal(2, settings.ScopesVersion);
        Assert.Equal(["read", "write"], settings.Scopes.AsEnumerable());
        Assert.Equal(
            [(1, BundleStage.Retired), (2, BundleStage.Active)],
            settings.Bundles.Select(b => (b.Version, b.Stage))
        );
        Assert.Null(ScopeBundles.Stage(settings, 2, 50));
        var back = ScopeBundles.Activate(settings, settings.Scopes, 1, DateTimeOffset.UnixEpoch, "key_1")!;
        Assert.Equal(["read"], back.Scopes.AsEnumerable());
        var byHand = ScopeBundles.Replace(back, back with { Scopes = ["other"] });
        Assert.Equal(3, byHand.ScopesVersion);
        Assert.DoesNotContain(byHand.Bundles, b => b.Stage == BundleStage.Active);
    }

    [Fact]
    public void Old_versions_are_forgotten_the_active_and_the_staged_are_not()
    {
        var settings = ScopeBundles.Activate(
            ScopeBundles.Add(new ConnectionSettings(), ["a"], default, "k", null, out _),
            [],
            2,
            default,
            "k"
        )!;
        settings = ScopeBundles.Stage(ScopeBundles.Add(settings, ["b"], default, "k", null, out _), 3, 5)!;
        for (var i = 0; i < 50; i++)
            settings = ScopeBundles.Add(settings, ["c" + i], default, "k", null, out _);
        Assert.Equal(ScopeBundles.Kept, settings.Bundles.Length);
        Assert.Contains(settings.Bundles, b => b is { Version: 2, Stage: BundleStage.Active });
        Assert.Contains(settings.Bundles, b => b is { Version: 3, Stage: BundleStage.Staged });
        Assert.Equal(53, settings.Bundles[^1].Version);
    }

    [Fact]
    public void A_users_place_stays_and_the_shares_come_out()
    {
        var places = Enumerable
            .Range(0, 5_000)
            .Select(i => ScopeBundles.Share("conn_1", new UserId("user-" + i)))
            .ToList();
        Assert.Equal(
            places,
            Enumerable.Range(0, 5_000).Select(i => ScopeBundles.Share("conn_1", new UserId("user-" + i)))
        );
        Assert.InRange(places.Count(p => p < 10), 400, 600);
        Assert.All(places, p => Assert.InRange(p, 0, 99));
    }

    [Theory]
    [InlineData("admin.users:write", ScopeRisk.Admin)]
    [InlineData("https://www.googleapis.com/auth/admin.directory.user", ScopeRisk.Admin)]
    [InlineData("Sites.FullControl.All", ScopeRisk.Admin)]
    [InlineData("administration:write", ScopeRisk.Admin)]
    [InlineData("meeting:delete:meeting", ScopeRisk.Delete)]
    [InlineData("delete_repo", ScopeRisk.Delete)]
    [InlineData("payments:write", ScopeRisk.Money)]
    [InlineData("PAYMENTS_WRITE", ScopeRisk.Money)]
    [InlineData("payments:read", ScopeRisk.None)]
    [InlineData("chat:write", ScopeRisk.None)]
    [InlineData("Mail.ReadWrite", ScopeRisk.None)]
    [InlineData("full", ScopeRisk.Admin)]
    [InlineData("admin.emoji:read", ScopeRisk.None)]
    public void A_risky_scope_is_known(string scope, ScopeRisk risk)
    {
        var pack = new Vault.TestKit.Provider.AcmePacks(new RefreshPolicy { Rotation = Rotation.Never }).All.First();
        pack = pack with
        {
            Details = pack.Details with
            {
                ScopeRisks = ImmutableSortedDictionary<string, ScopeRisk>
                    .Empty.Add("full", ScopeRisk.Admin)
                    .Add("admin.emoji:read", ScopeRisk.None),
            },
        };
        Assert.Equal(risk, ScopeRisks.Of(pack, scope));
    }

    private static ScopeRequirement Need(string tool) =>
        new([.. Split(tool.Trim(), ',').Select(g => g.Trim().Split('|').ToImmutableArray())]);

    private static string[] Split(string text, char at) =>
        text.Split(at, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
