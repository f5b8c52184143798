using Vault.Core.Accounts;
using Vault.Core.Ledger;
using Vault.Core.Packs;

namespace Vault.Simulation;

/// <summary>What is promised at every moment; what is promised in the end is judged in World.Settling.</summary>
internal sealed partial class World
{
    /// <summary>
    /// A process is about to put a credential on the wire (law 8). Stricter than an acknowledgement, which comes later
    /// than the write plus the freshness lease.
    /// </summary>
    public void Presenting(SimHost host, Subject subject, string token, bool atTokenEndpoint)
    {
        if (
            subject.RevokedAt is { } revoked
            && Now >= revoked + Lifecycle.FreshnessLease
            && FamilyOf(token) == subject.RevokedFamily
        )
            Break(
                $"law 8: {host.Name} {(atTokenEndpoint ? "refreshes with" : "calls with")} {token} {(Now - revoked).TotalSeconds} s after the revocation"
            );
        if (ShutAt is { } shut && Now >= shut + Lifecycle.FreshnessLease)
            Break(
                $"law 8: {host.Name} {(atTokenEndpoint ? "refreshes with" : "calls with")} {token} {(Now - shut).TotalSeconds} s after the gate was shut"
            );
    }

    /// <summary>A refresh goes out: it is the only one, and it has an intent (law 3).</summary>
    public void Sending(SimHost host, Subject subject, string token, DateTimeOffset end)
    {
        if (
            subject.Refreshing is { } other
            && other.End > Now
            && other.Host.Life == other.Life
            && FamilyOf(other.Token) == FamilyOf(token)
        )
            Break($"law 3: {host.Name} refreshes while a refresh of {other.Host.Name} runs");
        var state = RowOf(subject).State;
        if (
            state.Status == AccountStatus.Active
            && state.Intent?.Holder != host.Holder
            && !subject.Attempts.Any(a => a.Value == host.Holder && state.Doubt?.Includes(a.Key) == true)
            && Now >= _movedAt + Lifecycle.FreshnessLease
        )
            Break($"law 3: {host.Name} refreshes without holding the intent");
        subject.Refreshing = (host, host.Life, token, end);
    }

    /// <summary>
    /// A used token reached the provider again. Where that kills the family it is harmful if a process holds a token
    /// that works, or finds one on its disk, and has not slept past the horizon with it; otherwise the grant was lost
    /// before (law 5).
    /// </summary>
    public void Replayed(Subject subject, string token, IEnumerable<string> alive)
    {
        if (Plan.Rotation is not (Rotation.FamilyKill or Rotation.Grace))
            return;
        var kept = alive.Where(t => FamilyOf(t) == FamilyOf(token) && !subject.Lost.Contains(t)).ToList();
        if (kept.Count == 0)
            UselessReplays++;
        else if (kept.TrueForAll(t => SleptWith(subject, t)))
        {
            SleepersReplays++;
            subject.SleptOver = true;
        }
        else
            Break($"a harmful replay: {token} is presented again, and {string.Join(", ", kept)} would have lived");
    }

    /// <summary>A process holds the token since before the horizon, or has held it so long before it
    /// committed.</summary>
    private bool SleptWith(Subject subject, string token)
    {
        var row = RowOf(subject);
        using var grant = Scene.Open(row);
        var slack = Lifecycle.Lease + (Lifecycle.ClockSkew * 2);
        var until = subject.IssuedAt.GetValueOrDefault(token) + Lifecycle.Horizon - slack;
        return token == grant?.RefreshToken?.RevealText()
            ? row.State.LastRefreshedAt >= until
            : Now >= until && (subject.InHand.ContainsKey(token) || Hosts.Any(h => h.Disk.Count > 0));
    }

    /// <summary>Tokens presented again whose grant was lost before.</summary>
    public int UselessReplays { get; private set; }

    /// <summary>Tokens presented again while a process that had slept past the horizon held the response.</summary>
    public int SleepersReplays { get; private set; }

    // A late reply, or a new consent, takes the place of an intent that a process looked at less than a freshness lease
    // ago. What that process then presents is used up or replaced, which the provider's own rules judge.
    private DateTimeOffset _movedAt = DateTimeOffset.MinValue;

    /// <summary>A write acts at the provider: its beginning is in the ledger (law 7).</summary>
    public void Acting(Subject subject, string execution)
    {
        if (!Started.Contains(execution))
            Break("law 7: a write was sent, and the ledger does not know that it began");
    }

    public void Promise(SimHost host, Subject subject, SpooledReply reply)
    {
        if (Plan.StoreLeavesAtCommit && !Settling && Dice.Chance(60))
            _dying = host;
        subject.Promised.Add(reply.AttemptId);
        foreach (var token in subject.InHand.Keys.ToList())
            subject.InHand.Remove(token);
    }

    /// <summary>The store has taken a row.</summary>
    public void Written(
        SimHost host,
        Subject subject,
        AccountRow before,
        AccountRow after,
        IReadOnlyList<LedgerDraft> drafts
    )
    {
        var (was, now) = (before.State, after.State);
        if (after.Version != before.Version + 1)
            Break("a version was skipped or used twice");
        if (now.Generation < was.Generation)
            Break($"the generation fell from {was.Generation} to {now.Generation}");
        if (now.Generation > was.Generation && !subject.Generations.Add(now.Generation))
            Break($"generation {now.Generation} was committed twice");
        if (now.Generation > was.Generation + 1)
            Break("a generation was skipped");
        if (now.Generation > was.Generation)
            _movedAt = Now;
        if (now.Generation > was.Generation)
            foreach (var (token, _) in subject.InHand.Where(h => h.Value == host).ToList())
                subject.InHand.Remove(token);
        if (now.Intent is { } intent)
            subject.Attempts[intent.AttemptId] = intent.Holder;
        if (now.Status == AccountStatus.Revoked && was.Status != AccountStatus.Revoked)
            (subject.RevokedAt, subject.RevokedFamily) = (Now, subject.Family);
        foreach (var draft in drafts)
            Entered(subject, after, draft.Type);
        if (now.CooldownUntil != was.CooldownUntil)
            Crowd(subject, now);
    }

    private void Entered(Subject subject, AccountRow row, string type)
    {
        switch (type)
        {
            case LedgerEvents.AccountConnected or LedgerEvents.AccountReconnected:
                using (var grant = Scene.Open(row))
                    subject.Family = FamilyOf(grant!.RefreshToken!.RevealText());
                (subject.MayBeInDoubt, subject.UserRevoked, subject.RevokedAt) = (
                    false,
                    !Provider.Lives(subject.Family),
                    null
                );
                subject.LedgerStatus = AccountStatus.Active;
                break;
            case LedgerEvents.AccountRefreshed or "account.healed":
                subject.LedgerStatus = AccountStatus.Active;
                break;
            case "account.reauth_required":
                subject.LedgerStatus = AccountStatus.RequiresReauth;
                break;
            case "account.expired":
                subject.LedgerStatus = AccountStatus.Expired;
                break;
            case LedgerEvents.AccountRevoked:
                subject.LedgerStatus = AccountStatus.Revoked;
                break;
            default:
                break;
        }
    }

    /// <summary>Accounts that failed together must not come back together.</summary>
    private void Crowd(Subject subject, AccountState now)
    {
        subject.Pause = now is { CooldownUntil: { } until, Failures: 1, LastFailure: "http_503" } ? until - Now : null;
        if (Subjects.Count > 1 && Subjects.Count(s => s.Pause is { } pause && pause == subject.Pause) >= 4)
            Break("a stampede: accounts that failed together come back at the same moment");
    }
}
