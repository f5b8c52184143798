using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Vault.Core.Packs;

/// <summary>Who ended a pending change, when, and whether by accepting it.</summary>
public sealed record PackChangeEnd(string By, DateTimeOffset At, bool Accepted);

/// <summary>
/// A version of a pack that leads to other addresses than the one in force. It is stored separately and takes effect
/// when
/// a second platform key accepts it. A row of its own in the store of packs; it stays when it has ended, so that no
/// version number is reused.
/// </summary>
/// <param name="By">The key that stored it.</param>
/// <param name="Json">The pack, verbatim.</param>
public sealed record StoredPackChange(string Provider, string By, DateTimeOffset At, string Json, PackChangeEnd? End)
{
    // Not a character of a provider's id, and not that of a tool set.
    private const string Suffix = "~origins";

    /// <summary>Names the version: the SHA-256 of the pack. Who accepts it says what they have seen.</summary>
    public string Digest { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Json)));

    public static string RowOf(string provider) => provider + Suffix;

    /// <summary>Whether a stored row is a pending change and not a pack.</summary>
    public static bool Is(StoredPack row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.ProviderId.EndsWith(Suffix, StringComparison.Ordinal);
    }

    public static StoredPackChange Of(StoredPack row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return JsonSerializer.Deserialize<StoredPackChange>(row.Json)
            ?? throw new InvalidOperationException("A stored pack change is null.");
    }

    public string ToJson() => JsonSerializer.Serialize(this);
}
