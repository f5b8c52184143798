using Vault.Core.Accounts;
using Vault.Core.Packs;

namespace Vault.PackLab;

/// <summary>
/// A grant over its life, by the vault's own refresher: again and again, by many at once, and when a reply is lost.
/// </summary>
internal static class RefreshChecks
{
    private const int Crowd = 40;

    /// <summary>Only consented grants are refreshed; minted tokens are minted again.</summary>
    public static bool Applies(ProviderPack pack) => pack.AuthModes.Contains(AuthMode.AuthorizationCode);

    public static async Task<string> TwiceAsync(LabBench bench)
    {
        var key = await bench.ConnectAsync("twice", TimeSpan.FromMinutes(-1));
        for (var generation = 1; generation <= 2; generation++)
        {
            var answer = await bench.Refresher.RefreshAsync(key, generation, RefreshReason.Manual, default);
            LabException.Require(
                answer.IsOk && answer.Value.Generation == generation + 1,
                $"refresh {generation} came to {answer.Error?.Code.Code} {(await bench.StateAsync(key)).LastFailure}"
            );
            LabException.Require(
                bench.Emulator.IsGood(await bench.AccessAsync(key)),
                "the new access token is not the provider's"
            );
            bench.Time.Advance(TimeSpan.FromHours(1));
        }

        LabException.Require(bench.Emulator.Replays == 0, "a used token was presented");
        return Word(bench.Pack.Refresh.Rotation);
    }

    public static async Task<string> CrowdAsync(LabBench bench)
    {
        var key = await bench.ConnectAsync("crowd", TimeSpan.FromMinutes(-1));
        var (reached, go) = (
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
        );
        var before = bench.Emulator.TokenCalls;
        bench.Emulator.Hold = () =>
        {
            reached.TrySetResult();
            return go.Task;
        };
        var callers = Enumerable
            .Range(0, Crowd)
            .Select(_ => bench.Refresher.RefreshAsync(key, 1, RefreshReason.OnDemand, default))
            .ToList();
        await reached.Task;
        go.SetResult();
        var answers = await Task.WhenAll(callers);
        bench.Emulator.Hold = null;
        LabException.Require(
            answers.All(a => a.IsOk && a.Value.Generation == 2),
            "not every caller got the new generation"
        );
        LabException.Require(
            bench.Emulator.TokenCalls == before + 1 && bench.Emulator.Replays == 0,
            $"{bench.Emulator.TokenCalls - before} calls instead of one"
        );
        return $"{Crowd} callers, 1 call";
    }

    public static async Task<string> LostAsync(LabBench bench)
    {
        var key = await bench.ConnectAsync("lost", TimeSpan.FromMinutes(-1));
        var (replays, reuses) = (bench.Emulator.Replays, bench.Emulator.GraceReuses);
        bench.Emulator.LoseReply = true;
        await bench.Refresher.RefreshAsync(key, 1, RefreshReason.Scheduled, default);
        bench.Time.Advance(TimeSpan.FromSeconds(10));
        await bench.Refresher.RefreshAsync(key, 1, RefreshReason.Manual, default);
        var state = await bench.StateAsync(key);
        switch (bench.Pack.Refresh.Rotation)
        {
            case Rotation.Never:
                LabException.Require(
                    state is { Status: AccountStatus.Active, Generation: 2 },
                    $"did not heal: {state.Status} {state.Reason} {state.LastFailure}"
                );
                return "the same token again: healed";
            case Rotation.Grace:
                LabException.Require(
                    state is { Status: AccountStatus.Active, Generation: 2 }
                        && bench.Emulator.GraceReuses == reuses + 1,
                    $"the grace window did not heal it: {state.Status} {state.Reason} {state.LastFailure}"
                );
                return "healed within the grace window";
            case Rotation.SingleUse:
                LabException.Require(
                    state is { Status: AccountStatus.RequiresReauth, Reason: StatusReason.RefreshOutcomeLost }
                        && bench.Emulator.Replays == replays + 1,
                    $"came to {state.Status} {state.Reason}"
                );
                return "tried once more, then refresh_outcome_lost";
            default:
                LabException.Require(
                    state is { Status: AccountStatus.Active, Doubt: not null } && bench.Emulator.Replays == replays,
                    $"came to {state.Status} {state.Reason}, {bench.Emulator.Replays - replays} replays"
                );
                bench.Time.Advance(TimeSpan.FromMinutes(1));
                await bench.Refresher.RefreshAsync(key, 1, RefreshReason.PresentAgain, default);
                state = await bench.StateAsync(key);
                LabException.Require(
                    state is { Status: AccountStatus.RequiresReauth, Reason: StatusReason.RefreshOutcomeLost }
                        && bench.Emulator.Replays == replays + 1,
                    $"came to {state.Status} {state.Reason}, {bench.Emulator.Replays - replays} replays"
                );
                return "presented once more when it could no longer harm, then refresh_outcome_lost";
        }
    }

    public static string Word(Rotation rotation) =>
        Vault.Providers.Packs.PackKeywords.Rotations.First(r => r.Value == rotation).Key;
}
