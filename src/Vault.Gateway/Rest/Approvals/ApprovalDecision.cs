using Vault.Core.Callers;
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
        // Who holds the key that asked, or one that made it, can also hold this one.
        if (decision == ApprovalStatus.Approved && Requested(call.Caller, row))
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                "The request was made with this key, or with one of its makers or descendants; another key approves."
            );
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
            DecidedWith = call.Caller.KeyId,
            Version = row.Version + 1,
        };
        var entry = LedgerEntries.Approval(
            ids,
            time.GetUtcNow(),
            decision == ApprovalStatus.Approved ? LedgerEvents.ApprovalApproved : LedgerEvents.ApprovalDenied,
            call.Caller.KeyId,
            call.Organization,
            next.DecidedBy,
            row.Tool,
            row.Account,
            row.InputDigest,
            row.Id,
            row.RequestedBy
        );
        // Recorded first (law 7): a decision that permits an execution takes effect only with a durable entry.
        if (await ledger.AppendAsync(entry, cancellationToken) is { } unrecorded)
            return unrecorded;
        // Compare-and-swap: of two concurrent decisions the second fails with the status that the first one set.
        return await store.UpdateAsync(next, row.Version, cancellationToken) == WriteOutcome.Written
            ? Answer.Ok(ApprovalView.Of(next))
            : new VaultError(ErrorCatalogue.Conflict, "The approval was decided at the same time; read it again.");
    }

    /// <summary>Whether the caller's key asked, or is of the lineage of the one that did.</summary>
    public static bool Requested(Caller caller, ApprovalRow row) =>
        caller.KeyId == row.RequestedBy
        || caller.IsOfLineage(row.RequesterLineage.IsEmpty ? [row.RequestedBy] : row.RequesterLineage);
}
