using System.Globalization;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Ledger;

internal sealed class QueryLedger(ILedgerStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/ledger", "queryLedger", "Read a ledger")
        {
            Description =
                "An organization's ledger; with a platform key and without organization_id the platform's, which has "
                + "keys, packs, imported tools, starts of hosts, operators' commands and failed authentications.",
            Tag = "Ledger",
            Permission = Permission.LedgerRead,
            Scope = Scope.OrganizationOrPlatform,
            Answer = typeof(ListView<LedgerEntryView>),
            Query =
            [
                Field.Organization,
                Field.Text("type", "Only this type of event, for example execution.finished.") with
                {
                    MaxLength = 100,
                },
                Field.Text("execution_id", "Only entries of this execution.") with
                {
                    MaxLength = 64,
                },
                Field.Text("user_id", "Only entries of this user.") with
                {
                    MaxLength = 256,
                },
                Field.Text("agent", "Only entries of this agent.") with
                {
                    MaxLength = 256,
                },
                Field.Text("tool", "Only entries of this tool.") with
                {
                    MaxLength = 64,
                },
                Field.Text("connected_account_id", "Only entries of this account.") with
                {
                    MaxLength = 64,
                },
                Field.Instant("from", "At or after this time."),
                Field.Instant("until", "Before this time."),
                Field.Text("order", "oldest or newest first. Default: newest.") with
                {
                    Values = ["oldest", "newest"],
                },
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var q = call.Query;
        if (q.Time("from") is { } from && q.Time("until") is { } until && from >= until)
            return VaultError.Invalid("until", "must be later than from");
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        long after = 0;
        // A page token is not secret and can be forged by any caller that may read the list, so its content is
        // checked.
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            throw new InvalidCursorException();
        var page = await store.QueryAsync(
            new LedgerQuery(LedgerOwner.Of(call))
            {
                Type = q.Text("type"),
                ExecutionId = q.Text("execution_id"),
                User = q.Text("user_id"),
                Agent = q.Text("agent"),
                Tool = q.Text("tool"),
                Account = q.Text("connected_account_id"),
                From = q.Time("from"),
                Until = q.Time("until"),
                NewestFirst = q.Text("order") != "oldest",
                Limit = call.PageSize,
                Cursor = cursor is null ? null : after,
            },
            cancellationToken
        );
        var next = page.NextCursor is { } seq ? call.PageToken(seq.ToString(CultureInfo.InvariantCulture)) : null;
        return Answer.Ok(new ListView<LedgerEntryView>([.. page.Entries.Select(LedgerEntryView.Of)], next));
    }
}
