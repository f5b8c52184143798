using Vault.Core.Errors;
using Vault.Core.Ledger;

namespace Vault.Simulation;

/// <summary>
/// The ledger of executions as one process sees it: durable when it answers, or it says that it is not.
/// </summary>
internal sealed class SimLedger(World world, SimHost host) : ILedger
{
    private static readonly VaultError Down = new(ErrorCatalogue.LedgerUnavailable, "Down.");

    public async ValueTask<VaultError?> AppendAsync(LedgerDraft draft, CancellationToken cancellationToken)
    {
        if (draft.ExecutionId is not { } execution || draft.Type != LedgerEvents.ExecutionStarted)
            return await world.CallAsync<object>(host, Peer.Ledger, draft.Type, null, () => "durable") is "durable"
                ? null
                : Down;
        if (world.Bug == Bug.BufferedLedger)
        {
            host.Unwritten.Add(execution);
            return null;
        }

        var came = await world.CallAsync<object>(host, Peer.Ledger, draft.Type, null, () =>
        {
            world.Started.Add(execution);
            return "durable";
        });
        return came is "durable" ? null : Down;
    }
}
