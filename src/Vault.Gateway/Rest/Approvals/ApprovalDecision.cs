using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Approvals;

/// <summary>Records a person's decision on an approval, once.</summary>
internal sealed class ApprovalDecision(IApprovalStore store, ILedger ledger, IdFactory ids, TimeProvider time)
{
    public static IReadOnlyList<Field> Fields { get; } =
    [
        Field.Organization,
        Field.Text("decided_by", "The person who decides, by your own id.") with
        {
            Required = true,
            MaxLength = UserId.MaxLength,
        },
    ];

    public async Task<Answer> DecideAsync(Call call, ApprovalStatus decision, CancellationToken cancellationToken)
    {
        if (!UserId.IsValid(call.Body.Required("decided_by")))
            return VaultError.Invalid("decided_by", "has " + UserId.Rule);
        if (await store.FindAsync(call.Organization, call.Route("approval_id"), cancellationToken) is not { } row)
            return new VaultError(ErrorCatalogue.NotFound, "There is no such approval.");
        if (row.Status != ApprovalStatus.Pending)
            return new VaultError(
                ErrorCatalogue.Conflict,
                $"The approval is {row.Status.ToString().ToLowerInvariant()} already."
            );
        if (row.ExpiresAt <= time.GetUtcNow())
            return new VaultError(ErrorCatalogue.Conflict, "The approval has expired.");
        var next = row with
        {
            Status = decision,
            DecidedBy = call.Body.Required("decided_by"),
            Version = row.Version + 1,
        };
        var entry = new LedgerDraft
        {
            EventId = ids.NewEvent(),
            Organization = call.Organization,
            Type = decision == ApprovalStatus.Approved ? "approval.approved" : "approval.denied",
            Time = time.GetUtcNow(),
            Caller = call.Caller.KeyId,
            User = next.DecidedBy,
            Tool = row.Tool,
            Account = row.Account.Value,
            ArgumentDigest = row.InputDigest,
        };
        // Recorded before it takes effect (law 7): a decision that allows an execution must not exist without a ledger
        // entry.
        if (await ledger.AppendAsync(entry, cancellationToken) is { } unavailable)
            return unavailable;
        // Compare-and-swap: of two concurrent decisions the second fails with the status that the first one set.
        return await store.UpdateAsync(next, row.Version, cancellationToken) == WriteOutcome.Written
            ? Answer.Ok(ApprovalView.Of(next))
            : new VaultError(ErrorCatalogue.Conflict, "The approval was decided at the same time; read it again.");
    }
}
