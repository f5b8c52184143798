using Vault.Core.Packs;
using Vault.TestKit.Explorer;
using Xunit.Abstractions;

namespace Vault.Core.Tests.Accounts;

/// <summary>
/// The exhaustive search over the real refresher, revoker, runner and lifecycle. VAULT_EXPLORER_DEPTH (1 by default, to
/// 3) makes the spaces larger: more faults in one schedule, more jumps of time, three hosts.
/// </summary>
public sealed class ExplorerTests(ITestOutputHelper output)
{
    private static readonly int Depth = int.TryParse(
        Environment.GetEnvironmentVariable("VAULT_EXPLORER_DEPTH"),
        out var depth
    )
        ? Math.Clamp(depth, 1, 3)
        : 1;

    public static TheoryData<Rotation> Rotations =>
        [Rotation.Never, Rotation.Grace, Rotation.SingleUse, Rotation.FamilyKill];

    private static IEnumerable<ExplorerOptions> Spaces(Rotation rotation)
    {
        yield return new(rotation, 2, Faults.Crash | Faults.LostReply | Faults.Outage, Depth, Depth);
        yield return new(rotation, 2, Faults.Crash, Depth, Depth) { KnowsItsDead = true };
        if (rotation == Rotation.FamilyKill || (rotation == Rotation.Grace && Depth > 1))
            yield return new(rotation, 2, Faults.Crash | Faults.LostReply, 1, 2);
        yield return new(rotation, 2, Faults.Store, Depth, Depth - 1);
        yield return new(rotation, 1, Faults.Store | Faults.Crash, 2, 1, Attempts: 2);
        yield return new(rotation, 1, Faults.Revoke | Faults.Crash | Faults.Outage, Depth, Depth - 1);
        if (Depth > 1 || rotation is Rotation.SingleUse or Rotation.FamilyKill)
            yield return new(rotation, 2, Faults.Gate, Depth, Depth);
        if (Depth > 1 || rotation is Rotation.Grace or Rotation.FamilyKill)
            yield return new(rotation, 2, Faults.Clock, 1, 1);
        yield return new(rotation, 3, Faults.None, 0, Depth - 1);
        yield return new(rotation, 3, Faults.Crash | Faults.LostReply, 1, Depth - 1);
        if (Depth == 1)
            yield break;
        yield return new(rotation, 2, Faults.Clock | Faults.ClockJump, 1, 1);
        yield return new(rotation, 2, Faults.Revoke, 1, 1);
        yield return new(rotation, 2, Faults.Store | Faults.Crash, 2, 1);
        yield return new(rotation, 2, Faults.All, Depth, 1);
    }

    [Theory]
    [MemberData(nameof(Rotations))]
    public void No_schedule_loses_a_grant_in_silence_or_under_a_wrong_name(Rotation rotation)
    {
        var spaces = Spaces(rotation).Select(s => s with { MaxStates = Depth == 1 ? 100_000 : 5_000_000 }).ToList();
        var reports = new ExplorerReport[spaces.Count];
        Parallel.For(0, spaces.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
            reports[i] = Search.Run(spaces[i])
        );
        foreach (var report in reports)
            output.WriteLine(report.ToString());
        foreach (var violation in reports.SelectMany(r => r.Violations))
            output.WriteLine(violation.ToString());
        Assert.All(reports, r => Assert.Empty(r.Violations));
        Assert.All(reports, r => Assert.True(r.Complete, r.ToString()));

        // The search does reach the presenting of tokens in doubt, where it can no longer harm.
        if (rotation is Rotation.FamilyKill or Rotation.Grace)
            Assert.True(reports.Sum(r => r.UselessReplays) > 0);
    }

    [Theory]
    [InlineData(Off.CompareAndSwap, Rotation.FamilyKill, Faults.None, "a harmful replay")]
    [InlineData(Off.CompareAndSwap, Rotation.FamilyKill, Faults.None, "mislabelled")]
    [InlineData(Off.PresentAgain, Rotation.FamilyKill, Faults.LostReply, "would have renewed")]
    [InlineData(Off.CompareAndSwap, Rotation.SingleUse, Faults.Revoke, "silent loss")]
    [InlineData(Off.Intent, Rotation.FamilyKill, Faults.None, "a harmful replay")]
    [InlineData(Off.Intent, Rotation.SingleUse, Faults.None, "the grant was not revoked")]
    [InlineData(Off.Horizon, Rotation.FamilyKill, Faults.None, "a harmful replay")]
    [InlineData(Off.Lease, Rotation.SingleUse, Faults.None, "the grant was not revoked")]
    [InlineData(Off.Recheck, Rotation.Grace, Faults.None, "a harmful replay")]
    [InlineData(Off.Recheck, Rotation.SingleUse, Faults.Revoke, "after the revocation was acknowledged")]
    [InlineData(Off.Recheck, Rotation.SingleUse, Faults.Gate, "after the closing of the gate was acknowledged")]
    public void Without_one_of_its_protections_the_search_finds_the_loss(
        Off off,
        Rotation rotation,
        Faults faults,
        string what
    )
    {
        var options = new ExplorerOptions(
            rotation,
            faults == Faults.None ? 2 : 1,
            faults,
            faults == Faults.LostReply ? 1 : 0,
            rotation == Rotation.Grace ? 2 : 1
        )
        {
            Off = off,
            StopAt = what,
        };
        var report = Search.Run(options);
        output.WriteLine(report.ToString());
        output.WriteLine(
            report.Violations.FirstOrDefault(v => v.Rule.Contains(what, StringComparison.Ordinal))?.ToString() ?? "none"
        );
        Assert.Contains(report.Violations, v => v.Rule.Contains(what, StringComparison.Ordinal));
    }
}
