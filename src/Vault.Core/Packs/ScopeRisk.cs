using System.Text.Json.Serialization;

namespace Vault.Core.Packs;

/// <summary>Why a scope stands in a bundle of its own, which is asked for only when somebody says so.</summary>
public enum ScopeRisk
{
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>It lets things be destroyed.</summary>
    [JsonStringEnumMemberName("delete")]
    Delete,

    /// <summary>It reaches what others own, or who may do what.</summary>
    [JsonStringEnumMemberName("admin")]
    Admin,

    /// <summary>It moves money.</summary>
    [JsonStringEnumMemberName("money")]
    Money,
}

/// <summary>Judges scopes: as the pack says, else by the words of the scope, else by the tools that need it.</summary>
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
        if (pack.Details.ScopeRisks.TryGetValue(scope, out var said))
            return said;
        var words = Words(scope);
        // Reading an administrator's view is an administrator's reach; reading payments moves none.
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
    /// Runs of letters, cut where the case rises: <c>Sites.FullControl.All</c> has sites, full, control, all, and
    /// fullcontrol.
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
