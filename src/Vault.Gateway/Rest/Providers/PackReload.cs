using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Providers;

internal static class PackReload
{
    /// <summary>
    /// After a pack was kept. That it cannot be read back just now is no reason to say that it was not kept: the next
    /// look takes it up.
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
