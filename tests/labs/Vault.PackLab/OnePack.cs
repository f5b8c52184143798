using System.Diagnostics.CodeAnalysis;
using Vault.Core.Packs;

namespace Vault.PackLab;

/// <summary>A catalogue of the pack under test.</summary>
internal sealed class OnePack(ProviderPack pack) : IPacks
{
    public IReadOnlyCollection<ProviderPack> All => [pack];

    public bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? found)
    {
        found = providerId == pack.Id ? pack : null;
        return found is not null;
    }

    public bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool)
    {
        tool = null;
        return false;
    }

    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null) =>
        [];
}
