using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Storage.Sql;

/// <summary>The condition of a write on its organization's row.</summary>
internal enum GateRule
{
    /// <summary>No condition: a gate must never delay or refuse a revocation or a commit.</summary>
    None,

    /// <summary>The organization must exist; its gate is not tested.</summary>
    Exists,

    /// <summary>The gate must be open at the epoch, and must not change until the write has committed.</summary>
    OpenAt,
}

/// <summary>
/// One compare-and-swap. It changes one row or none, and writes its ledger drafts to the outbox in the same
/// transaction. <see cref="Guard"/> marks the place in the SQL where the gate's condition is added (after a
/// <c>where</c>).
/// </summary>
internal sealed class Write(
    OrganizationId organization,
    Statement statement,
    GateRule rule,
    long epoch,
    IReadOnlyList<LedgerDraft> drafts
)
{
    public const string Guard = "/*guard*/";

    public OrganizationId Organization { get; } = organization;

    public Statement Statement { get; } = statement;

    public GateRule Rule { get; } = rule;

    public long Epoch { get; } = epoch;

    public IReadOnlyList<LedgerDraft> Drafts { get; } = Own(organization, drafts);

    public static Write Insert(
        OrganizationId organization,
        Statement statement,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts
    ) =>
        new(
            organization,
            statement,
            gate.RequiredEpoch is null ? GateRule.Exists : GateRule.OpenAt,
            gate.RequiredEpoch ?? 0,
            drafts
        );

    public static Write Change(
        OrganizationId organization,
        Statement statement,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts
    ) =>
        new(
            organization,
            statement,
            gate.RequiredEpoch is null ? GateRule.None : GateRule.OpenAt,
            gate.RequiredEpoch ?? 0,
            drafts
        );

    public static Write Plain(OrganizationId organization, Statement statement, IReadOnlyList<LedgerDraft> drafts) =>
        new(organization, statement, GateRule.None, 0, drafts);

    private static IReadOnlyList<LedgerDraft> Own(OrganizationId organization, IReadOnlyList<LedgerDraft> drafts)
    {
        foreach (var draft in drafts)
        {
            if (draft.Organization != organization)
                throw new ArgumentException(
                    "A ledger draft must belong to the organization of its write.",
                    nameof(drafts)
                );
        }

        return drafts;
    }
}
