using System.Globalization;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>Reads <c>rate_classes</c>, and a tool's <c>rate_class</c> and <c>deprecated</c>.</summary>
internal static class RateReading
{
    private static readonly IReadOnlyDictionary<string, bool> Per = new SortedDictionary<string, bool>(
        StringComparer.Ordinal
    )
    {
        ["account"] = false,
        ["connection"] = true,
    };

    public static Dictionary<string, RateClass> Classes(PackNode pack)
    {
        var classes = new Dictionary<string, RateClass>(StringComparer.Ordinal);
        foreach (var (name, value, at) in pack.Members("rate_classes"))
        {
            if (value.ValueKind != System.Text.Json.JsonValueKind.Object)
            {
                pack.Faults.Add(at, "must be an object");
                continue;
            }

            var node = new PackNode(value, at, pack.Faults);
            var (perMinute, perConnection, eachTool) = (
                node.Integer("per_minute", 1),
                node.Choice("per", false, Per),
                node.Flag("each_tool")
            );
            if (perMinute is { } rate)
                classes[name] = new RateClass(name, rate, perConnection, eachTool);
            else if (!node.Has("per_minute"))
                node.Fault("per_minute", "is missing; give the calls per minute that the provider certainly accepts");
            node.Text("source");
            node.Done();
        }

        return classes;
    }

    public static RateClass? Of(PackNode tool, IReadOnlyDictionary<string, RateClass> classes)
    {
        if (tool.Text("rate_class") is not { } name)
            return null;
        if (classes.TryGetValue(name, out var known))
            return known;
        tool.Fault("rate_class", $"'{name}' is not one of the pack's rate_classes");
        return null;
    }

    public static Deprecation? Deprecated(PackNode tool)
    {
        var node = tool.Object("deprecated");
        if (node is null)
            return null;
        var since = node.Text("since", required: true);
        if (
            since is not null
            && !DateOnly.TryParseExact(since, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
        )
            node.Fault("since", $"'{since}' is not a date like 2026-01-31");
        var deprecation = new Deprecation(since ?? "", node.Text("use"), node.Text("note"));
        node.Done();
        return deprecation;
    }
}
