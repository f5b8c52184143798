using Vault.Core.Identity;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

/// <summary>Large responses: what the process has room for, and no organization more than its share.</summary>
public sealed class AnswerBudgetTests
{
    private const int Mebi = 1024 * 1024;
    private static readonly OrganizationId One = new("org_01hzzzzzzzzzzzzzzzzzzzzzz1");
    private static readonly OrganizationId Two = new("org_01hzzzzzzzzzzzzzzzzzzzzzz2");
    private static readonly OrganizationId Three = new("org_01hzzzzzzzzzzzzzzzzzzzzzz3");

    [Fact]
    public async Task One_organization_takes_half_and_the_others_are_served_meanwhile()
    {
        var budget = new AnswerBudget(20 * AnswerBudget.Weight * Mebi);
        using var first = await TakeAsync(budget, One, 10);
        var second = TakeAsync(budget, One, 10);
        Assert.False(second.IsCompleted);
        Assert.False(budget.HasRoom(One));
        Assert.True(budget.HasRoom(Two));
        using (await TakeAsync(budget, Two, 10))
        {
            // Full: a third organization waits, without waiting behind the first one's call.
            var third = TakeAsync(budget, Three, 10);
            Assert.False(third.IsCompleted);
            Assert.Equal(20L * AnswerBudget.Weight * Mebi, budget.Used);
            first!.Dispose();
            using var next = await second;
            Assert.False(third.IsCompleted);
            next!.Dispose();
            (await third)!.Dispose();
        }

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task A_response_larger_than_a_share_is_read_alone()
    {
        var budget = new AnswerBudget(2 * Mebi);
        using var large = await TakeAsync(budget, One, 16);
        Assert.Equal(Mebi, budget.Used);
        Assert.False(TakeAsync(budget, One, 16).IsCompleted);
    }

    [Fact]
    public async Task Beyond_a_few_that_wait_a_read_is_told_to_come_again_and_a_write_waits()
    {
        var budget = new AnswerBudget(2 * Mebi);
        using var held = await TakeAsync(budget, One, 16);
        var waiting = Enumerable.Range(0, 8).Select(_ => TakeAsync(budget, One, 16)).ToList();
        Assert.Null(await budget.TakeAsync(One, 16 * Mebi, patient: false, default));
        var write = budget.TakeAsync(One, 16 * Mebi, patient: true, default);
        Assert.False(write.IsCompleted);
        held!.Dispose();
        foreach (var turn in waiting)
            (await turn)!.Dispose();
        (await write)!.Dispose();
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Who_gives_up_takes_nothing_and_leaves_the_queue()
    {
        var budget = new AnswerBudget(2 * Mebi);
        var held = await TakeAsync(budget, One, 16);
        using var stop = new CancellationTokenSource();
        var waiting = budget.TakeAsync(One, 16 * Mebi, patient: true, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.True(budget.HasRoom(One));
        held!.Dispose();
        held.Dispose();
        Assert.Equal(0, budget.Used);
    }

    private static Task<IDisposable?> TakeAsync(AnswerBudget budget, OrganizationId organization, long mebibytes) =>
        budget.TakeAsync(organization, mebibytes * Mebi, patient: false, default);
}
