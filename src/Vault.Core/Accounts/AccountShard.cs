using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>
/// Distributes accounts over refresh shards. The value is stored with the row, so it must never change for a key:
/// FNV-1a (32 bit) over the canonical key, without the sign bit. It balances the load and has no security purpose.
/// </summary>
public static class AccountShard
{
    public static int HashOf(AccountKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(key.ToString()))
            hash = (hash ^ b) * 16777619u;
        return (int)(hash & 0x7fffffff);
    }

    public static bool IsIn(AccountKey key, int shard, int shards) => HashOf(key) % shards == shard;
}
