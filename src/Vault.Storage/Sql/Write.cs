using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Storage.Sql;

/// <summary>How a write looks at its organization's row.</summary>
internal enum GateRule
{
    /// <summary>Not at all: revoking and committing must never wait for or be refused by a gate.</summary>
    None,

    /// <summary>The organization must be there; its gate does not matter.</summary>
    Exists,

    /// <summary>The gate must be open at the epoch, and stay so until the write has committed.</summary>
    OpenAt,
}

/// <summary>
/// One compare-and-swap: it changes exactly one row or none, and its ledger drafts go to the outbox in the same
/// transaction or not at all. <see cref="Guard"/> stands in the text where a condition can be added (after a
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
                    "A ledger draft belongs to the organization of the write it tells of.",
                    nameof(drafts)
                );
        }

        return drafts;
    }
}
