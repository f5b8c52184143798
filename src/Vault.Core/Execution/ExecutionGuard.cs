using Vault.Core.Accounts;
using Vault.Core.Concurrency;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>
/// What an organization requires before an execution proceeds: quotas, and a person's approval of a destructive tool.
/// </summary>
public sealed class ExecutionGuard(
    IOrganizationStore organizations,
    IApprovalStore approvals,
    Quotas quotas,
    Sealer sealer,
    IdFactory ids,
    TimeProvider time,
    LifecycleOptions lifecycle,
    ExecutionOptions options
)
{
    private readonly FreshCache<OrganizationId, OrganizationState> _organizations = new(
        time,
        lifecycle.FreshnessLease,
        10_000
    );

    internal async Task<VaultError?> CheckAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        var organization = await StateAsync(run.Key.Organization, cancellationToken).ConfigureAwait(false);
        if (organization is null)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");

        var perUser =
            organization.UserQuotaPerMinute > 0 ? organization.UserQuotaPerMinute : options.UserQuotaPerMinute;
        if (quotas.TryTake(run.Key.Organization, "user", run.Key.User.Value, perUser) is { } userWait)
            return Exceeded("user", userWait);
        var settings = run.Connection!.Settings;
        var perConnection = settings.QuotaPerMinute > 0 ? settings.QuotaPerMinute : options.ConnectionQuotaPerMinute;
        if (quotas.TryTake(run.Key.Organization, "connection", run.Key.Connection.Value, perConnection) is { } wait)
            return Exceeded("connection", wait);

        if (
            run.Tool.Definition.Rate is { } rate
            && quotas.TryTake(run.Key.Organization, "rate", Counted(run, rate), rate.PerMinute) is { } pace
        )
            return new VaultError(
                ErrorCatalogue.UpstreamRateLimited,
                $"The provider takes {rate.PerMinute} calls of '{rate.Name}' a minute, and the quota is used up."
            )
            {
                RetryAfter = pace,
            };

        if (run.Tool.Definition.Effect != Effect.Destructive || organization.DestructivePolicy == "allow")
            return null;
        if (organization.DestructivePolicy == "deny")
            return new VaultError(ErrorCatalogue.PolicyDenied, "The organization does not allow destructive tools.");
        return run.Order.Request.ApprovalId is { } id
            ? await SpendAsync(run, id, cancellationToken).ConfigureAwait(false)
            : await AskAsync(run, cancellationToken).ConfigureAwait(false);
    }

    private async Task<VaultError?> SpendAsync(ExecutionRun run, string id, CancellationToken cancellationToken)
    {
        var row = await approvals.FindAsync(run.Key.Organization, id, cancellationToken).ConfigureAwait(false);
        if (
            row is null
            || row.Account != run.Order.Account
            || row.Tool != run.Tool.Definition.Name
            || row.InputDigest != run.Digest
        )
            return new VaultError(
                ErrorCatalogue.ApprovalRequired,
                "The approval is not for this tool, account and input."
            );
        if (row.ExpiresAt <= time.GetUtcNow())
            return new VaultError(ErrorCatalogue.ApprovalRequired, "The approval has expired; ask for a new one.");
        switch (row.Status)
        {
            case ApprovalStatus.Denied:
                return new VaultError(ErrorCatalogue.PolicyDenied, "A person denied this execution.");
            case ApprovalStatus.Used:
                return new VaultError(
                    ErrorCatalogue.ApprovalRequired,
                    "The approval was used by an earlier execution; it permits only one."
                );
            case ApprovalStatus.Pending:
                return new VaultError(ErrorCatalogue.ApprovalRequired, $"The approval {row.Id} waits for a decision.")
                {
                    StatusReason = row.Id,
                };
            default:
                break;
        }

        // Two executions may present one approval at the same time: compare-and-swap on the version admits one of them.
        var used = await approvals
            .UpdateAsync(
                row with
                {
                    Status = ApprovalStatus.Used,
                    Version = row.Version + 1,
                },
                row.Version,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (used != WriteOutcome.Written)
            return new VaultError(ErrorCatalogue.ApprovalRequired, "The approval was used by another execution.");
        run.Approval = row;
        return null;
    }

    private async Task<VaultError> AskAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var id = ids.New("apr_");
        // The approver sees what is asked; the arguments may hold what only the organization may read.
        using var input = Secret.From(run.Order.Request.Input.GetRawText());
        var closed = await sealer
            .SealAsync(input, SealContext.ApprovalArguments(run.Key.Organization, id), cancellationToken)
            .ConfigureAwait(false);
        if (!closed.TryGet(out var arguments, out var unsealed))
            return unsealed;
        var row = new ApprovalRow(
            id,
            run.Key.Organization,
            run.Order.Account,
            run.Tool.Definition.Name,
            run.Digest,
            run.Order.CallerKey,
            ApprovalStatus.Pending,
            null,
            1,
            now,
            now + options.ApprovalLife
        )
        {
            RequesterLineage = run.Order.CallerLineage,
            Arguments = arguments,
        };
        await approvals.InsertAsync(row, cancellationToken).ConfigureAwait(false);
        return new VaultError(
            ErrorCatalogue.ApprovalRequired,
            $"A person must approve this; then send it again with approval_id {row.Id}."
        )
        {
            StatusReason = row.Id,
        };
    }

    /// <summary>The provider has said when to retry: until then no caller's call of this rate class is sent.</summary>
    internal void Held(ExecutionRun run, TimeSpan wait)
    {
        if (run.Tool.Definition.Rate is { } rate)
            quotas.Hold(run.Key.Organization, "rate", Counted(run, rate), wait);
    }

    private static string Counted(ExecutionRun run, RateClass rate) =>
        $"{run.Tool.Pack.Id}/{rate.Name}/{(rate.EachTool ? run.Tool.Definition.Name : "")}/{(rate.PerConnection ? run.Connection!.Id : run.Order.Account.Value)}";

    private static VaultError Exceeded(string what, TimeSpan wait) =>
        new(ErrorCatalogue.QuotaExceeded, $"The quota of the {what} is used up.") { RetryAfter = wait };

    private ValueTask<OrganizationState?> StateAsync(OrganizationId id, CancellationToken cancellationToken) =>
        _organizations.TryGet(id, out var known)
            ? new(known)
            : _organizations.GetAsync(
                id,
                async key => (await organizations.FindAsync(key, CancellationToken.None).ConfigureAwait(false))?.State,
                cancellationToken
            );
}
