using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.TestKit.Explorer;

/// <summary>
/// Ends a schedule without further faults: the gate is open, and all hosts get time to recover. Then it checks the
/// invariants.
/// </summary>
internal sealed partial class World
{
    private const int MaxRounds = 12;

    private void Settle()
    {
        if (!Stored.Gate.Open)
            Stored.Gate = new Gate(true, Stored.Gate.Epoch + 1);
        ShutAt = null;
        for (var round = 0; round < MaxRounds && Broken is null && (round == 0 || !IsSettled()); round++)
        {
            Now += TimeSpan.FromMinutes(3);
            foreach (var host in Hosts)
            {
                Run(host, host.BeginDrain);
                if (Stored.Row.State.Revocation == UpstreamRevocation.Pending)
                    Run(host, host.BeginFinishing);
            }

            var next = Hosts[round % Hosts.Count];
            Run(next, next.BeginRefresh);
        }

        CheckInvariants();
    }

    private void Run(WorldHost host, Action begin)
    {
        begin();
        for (var steps = 0; host.Ticket is not null; steps++)
        {
            if (steps > 200)
            {
                Break($"{host.Name} does not finish");
                return;
            }

            Continue(host, Turn.Go);
        }

        if (host.Rest() is { } failure)
            Break(failure);
    }

    private bool IsSettled()
    {
        var state = Stored.Row.State;
        return Hosts.All(h => h.Spool.Replies.Count == 0)
            && state.Intent is null
            && state.Revocation != UpstreamRevocation.Pending
            && (state.Status != AccountStatus.Active || AccountSchedule.IsLive(state, Now));
    }

    private void CheckInvariants()
    {
        var state = Stored.Row.State;
        End = state.Status + (state.Reason is null ? "" : " " + state.Reason);
        if (Verbose)
            _log.Add(
                $"    ends as {Brief(state)}, holding {TokenOf(Stored.Row)}; valid at the provider: "
                    + string.Join(", ", Provider.Alive)
            );
        if (Broken is not null)
            return;
        if (SleptOver)
        {
            End = "a process slept past the horizon";
            return;
        }

        switch (state.Status)
        {
            case AccountStatus.Active when !Provider.Alive.Contains(TokenOf(Stored.Row)):
                Break("silent loss: the account is ACTIVE and its refresh token is dead");
                break;
            case AccountStatus.Active when !AccountSchedule.IsLive(state, Now):
                Break("stuck: the account is ACTIVE, has no valid access token, and no host gets one");
                break;
            case AccountStatus.Revoked when Provider.Alive.Except(Lost).FirstOrDefault() is { } token:
                Break(
                    $"silent loss: the account is REVOKED, {token} is valid at the provider, "
                        + "and its response was not lost"
                );
                break;
            case AccountStatus.RequiresReauth when state.Reason != StatusReason.RefreshOutcomeLost:
                Break($"mislabelled: the grant was not revoked, and the account says {state.Reason}");
                break;
            case AccountStatus.RequiresReauth when Provider.IsGood(TokenOf(Stored.Row), Now):
                Break("a grant is given up that the provider would have renewed");
                break;
            case AccountStatus.RequiresReauth when !MayHaveLost:
                Break(
                    "a grant is given up: no response was lost, all delayed processes have recorded the outcome of "
                        + "their attempts, and the account says refresh_outcome_lost"
                );
                break;
            case AccountStatus.Active or AccountStatus.Revoked or AccountStatus.RequiresReauth:
                break;
            default:
                Break("the account ended in an impossible status: " + End);
                break;
        }
    }
}
