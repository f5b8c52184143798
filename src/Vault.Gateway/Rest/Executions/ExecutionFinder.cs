using System.Text.Json.Nodes;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Ledger;

namespace Vault.Gateway.Rest.Executions;

/// <summary>The ledger's entries of an execution that the caller's key reaches.</summary>
internal sealed class ExecutionFinder(ILedgerStore store)
{
    /// <summary>In their order; none where the execution is unknown or outside of the key's limits.</summary>
    public async Task<IReadOnlyList<(LedgerEntry Entry, JsonObject Json)>> FindAsync(
        Call call,
        CancellationToken cancellationToken
    )
    {
        var page = await store.QueryAsync(
            new LedgerQuery(call.Organization) { ExecutionId = call.Route("execution_id"), Limit = 100 },
            cancellationToken
        );
        return
        [
            .. page
                .Entries.Select(e => (Entry: e, Json: LedgerEntryView.Read(e)!))
                .Where(e => e.Json is not null && Reaches(call, e.Json)),
        ];
    }

    /// <summary>Whether the key reaches it; a key without limits needs no look-up.</summary>
    public async ValueTask<bool> ReachesAsync(Call call, CancellationToken cancellationToken) =>
        !call.Caller.Constraints.LimitsReach || await FindAsync(call, cancellationToken) is { Count: > 0 };

    private static bool Reaches(Call call, JsonObject entry)
    {
        var constraints = call.Caller.Constraints;
        // An entry of an execution that was refused before its account was found names no user or no connection.
        return (constraints.Users is null || Text(entry, "user_id") is { } user && constraints.Allows(new UserId(user)))
            && (
                constraints.Connections is null
                || Text(entry, "connection") is { } connection && constraints.Allows(new ConnectionName(connection))
            )
            && (constraints.Tools is null || Text(entry, "tool") is { } tool && constraints.AllowsTool(tool));
    }

    private static string? Text(JsonObject json, string name) => json[name]?.GetValue<string>();
}
