using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Peers;

/// <summary>
/// The built-in packs, read once for all tests: compiling every schema and pattern takes a good part of a second.
/// </summary>
public static class LoadedPacks
{
    private static readonly Lazy<PackCatalogue> Packs = new(() =>
    {
        var packs = new PackCatalogue(new PackReader(), new PackOptions { Development = true });
        Assert.Empty(packs.LoadAsync(default).GetAwaiter().GetResult());
        return packs;
    });

    public static PackCatalogue All => Packs.Value;
}
