using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Providers;

internal static class PackReload
{
    /// <summary>
    /// Reloads after a pack was stored. The pack stays stored even if this reload fails; the periodic reload picks it
    /// up.
    /// </summary>
    public static async Task ReloadAsync(this IPacks packs, CancellationToken cancellationToken)
    {
        try
        {
            await packs.RefreshAsync(cancellationToken);
        }
        catch (StoreUnavailableException) { }
    }
}
