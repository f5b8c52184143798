using Vault.Core.Packs;

namespace Vault.Core.Catalogue;

/// <summary>The form of a plan in HTTP responses and in the output of the command line.</summary>
/// <param name="Applied">Whether the plan is stored; a call with <paramref name="Review"/> stores it.</param>
/// <param name="Review">The plan's digest.</param>
public sealed record ImportView(
    bool Applied,
    string Format,
    string Title,
    int Operations,
    bool NewProvider,
    string Review,
    IReadOnlyList<ImportedToolView> Tools,
    IReadOnlyList<string> Removed,
    IReadOnlyList<SkippedView> Skipped,
    IReadOnlyDictionary<string, int> SkippedByReason,
    IReadOnlyList<string> Notes
)
{
    public static ImportView Of(ImportPlan plan, bool applied)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new(
            applied,
            plan.Format,
            plan.Title,
            plan.Operations,
            plan.NewPack is not null,
            plan.Digest,
            [
                .. plan.Tools.Select(t => new ImportedToolView(
                    t.Name,
                    t.Operation,
                    t.Effect,
                    [.. t.Scopes.Select(g => (IReadOnlyList<string>)g)],
                    t.SchemaBytes,
                    t.Change
                )),
            ],
            plan.Removed,
            [.. plan.Skipped.Select(s => new SkippedView(s.Operation, s.Reason, s.Detail))],
            plan.Skipped.GroupBy(s => s.Reason)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => g.Count()),
            plan.Notes
        );
    }
}

public sealed record ImportedToolView(
    string Name,
    string Operation,
    Effect Effect,
    IReadOnlyList<IReadOnlyList<string>> RequiredScopes,
    int SchemaBytes,
    ImportChange Change
);

public sealed record SkippedView(string Operation, string Reason, string Detail);
