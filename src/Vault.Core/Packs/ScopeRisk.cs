using System.Text.Json.Serialization;

namespace Vault.Core.Packs;

/// <summary>The reason to keep a scope in a separate bundle, which is requested only explicitly.</summary>
public enum ScopeRisk
{
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>The scope permits deletion.</summary>
    [JsonStringEnumMemberName("delete")]
    Delete,

    /// <summary>The scope permits access to other users' data or to permissions.</summary>
    [JsonStringEnumMemberName("admin")]
    Admin,

    /// <summary>The scope permits payments.</summary>
    [JsonStringEnumMemberName("money")]
    Money,
}

/// <summary>
/// Classifies scopes: by the pack, otherwise by the words in the scope, otherwise by the tools that need it.
/// </summary>
public static class ScopeRisks
{
    private static readonly HashSet<string> AdminWords =
    [
        "admin",
        "administration",
        "owner",
        "sudo",
        "superuser",
        "impersonate",
        "impersonation",
        "fullcontrol",
        "accessasuser",
    ];
    private static readonly HashSet<string> DeleteWords = ["delete", "destroy", "remove", "purge", "erase"];
    private static readonly HashSet<string> MoneyWords =
    [
        "payment",
        "payments",
        "payout",
        "payouts",
        "charge",
        "charges",
        "refund",
        "refunds",
        "transfer",
        "transfers",
        "disbursement",
        "disbursements",
        "billing",
    ];
    private static readonly HashSet<string> ReadWords = ["read", "readonly", "view", "list"];

    public static IReadOnlyDictionary<string, ScopeRisk> Names { get; } =
        new SortedDictionary<string, ScopeRisk>(StringComparer.Ordinal)
        {
            ["admin"] = ScopeRisk.Admin,
            ["delete"] = ScopeRisk.Delete,
            ["money"] = ScopeRisk.Money,
            ["none"] = ScopeRisk.None,
        };

    public static ScopeRisk Of(ProviderPack pack, string scope)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentException.ThrowIfNullOrEmpty(scope);
        if (pack.Details.ScopeRisks.TryGetValue(scope, out var declared))
            return declared;
        var words = Words(scope);
        // Reading admin data is still admin access. Reading payments pays nothing.
        if (words.Overlaps(AdminWords))
            return ScopeRisk.Admin;
        if (words.Overlaps(DeleteWords))
            return ScopeRisk.Delete;
        if (words.Overlaps(MoneyWords) && !words.Overlaps(ReadWords))
            return ScopeRisk.Money;
        var users = pack.Tools.Where(t => t.Scopes.AllOf.Any(g => g.Length > 0 && g[0] == scope)).ToList();
        return users.Count > 0 && users.All(t => t.Effect == Effect.Destructive) ? ScopeRisk.Delete : ScopeRisk.None;
    }

    /// <summary>
    /// The runs of letters, and their parts split at capital letters: <c>Sites.FullControl.All</c> has sites, full,
    /// control, all, and fullcontrol.
    /// </summary>
    private static HashSet<string> Words(string scope)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            var run in scope.Split(
                scope.Where(c => !char.IsAsciiLetter(c)).Distinct().ToArray(),
                StringSplitOptions.RemoveEmptyEntries
            )
        )
        {
            words.Add(run.ToLowerInvariant());
            var start = 0;
            for (var i = 1; i <= run.Length; i++)
            {
                if (i < run.Length && !(char.IsAsciiLetterUpper(run[i]) && char.IsAsciiLetterLower(run[i - 1])))
                    continue;
                words.Add(run[start..i].ToLowerInvariant());
                start = i;
            }
        }

        return words;
    }
}
