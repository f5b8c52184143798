using Vault.Core.Packs;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Packs;

public sealed class BuiltInPackTests
{
    /// <summary>
    /// Documents or threads of the provider say what becomes of a used refresh token; the other packs stay cautious.
    /// </summary>
    [Fact]
    public void What_is_known_of_rotation_and_reuse_has_its_source()
    {
        var packs = LoadedPacks.All.All.Where(p => !p.DevelopmentOnly).ToDictionary(p => p.Id, p => p.Refresh);
        Assert.Equal(
            ["airtable", "atlassian", "auth0", "notion", "okta"],
            packs.Where(p => p.Value.ReuseKills == ReuseKills.Family).Select(p => p.Key).Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(packs, p => p.Value.ReuseKills is ReuseKills.User or ReuseKills.Client);
        Assert.All(packs.Where(p => p.Value.ReuseKills != ReuseKills.Unknown), p =>
            Assert.StartsWith("https://", p.Value.Source, StringComparison.Ordinal)
        );
        foreach (
            var (rotation, ids) in new[]
            {
                (Rotation.Never, "bitbucket ebay mollie square"),
                (Rotation.Grace, "linear shopify"),
                (Rotation.SingleUse, "constant_contact discord exact_online fitbit keap miro strava tiktok_personal"),
            }
        )
            Assert.All(ids.Split(' '), id =>
                Assert.True(packs[id].Rotation == rotation && packs[id].Source is not null, id)
            );
        Assert.Equal(54, packs.Count(p => p.Value.Rotation == Rotation.FamilyKill));
    }

    [Fact]
    public async Task Every_built_in_pack_loads()
    {
        using var packs = new PackCatalogue(new PackReader(), new PackOptions { Development = true });
        var refusals = await packs.LoadAsync(default);
        Assert.True(
            refusals.Count == 0,
            string.Join(
                "\n",
                refusals.SelectMany(r => r.Faults.Select(f => $"{Path.GetFileName(r.Source)} {f.Path} {f.Message}"))
            )
        );
    }
}
