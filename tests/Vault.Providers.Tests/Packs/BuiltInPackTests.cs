using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

public sealed class BuiltInPackTests
{
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
