using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using Vault.Host.Routing;

namespace Vault.Host.Tests.Routing;

/// <summary>What Orleans throws, and what may be said of the call.</summary>
public sealed class GrainCallsTests
{
    [Fact]
    public async Task A_call_to_a_silo_known_to_be_dead_was_not_delivered_and_is_made_again()
    {
        // As the sender's message center throws it, while the place of a grain is still remembered from before its silo
        // left.
        var calls = 0;
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
        var called = new GrainCalls(time).CallAsync(
            () => calls++ == 0 ? throw new SiloUnavailableException() : Task.FromResult("done"),
            () => Task.FromResult(true),
            evenUnknown: false,
            CancellationToken.None
        );
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new CallResult<string>("done", null), await called);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_call_that_was_out_when_its_silo_died_is_unknown_and_is_not_made_again()
    {
        var calls = 0;
        var called = await new GrainCalls(TimeProvider.System).CallAsync<string>(
            () =>
            {
                calls++;
                throw new SiloUnavailableException("The target silo became unavailable for message: …");
            },
            () => Task.FromResult(true),
            evenUnknown: false,
            CancellationToken.None
        );
        Assert.Equal(CallFailure.Unknown, called.Failure);
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task A_read_that_had_been_under_way_for_long_when_its_silo_died_is_done_again()
    {
        var calls = 0;
        var time = new FakeTimeProvider();
        var called = new GrainCalls(time).CallAsync(
            () =>
            {
                if (calls++ > 0)
                    return Task.FromResult("done");
                time.Advance(TimeSpan.FromSeconds(30));
                throw new SiloUnavailableException("The target silo became unavailable for message: …");
            },
            null,
            evenUnknown: true,
            CancellationToken.None
        );
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("done", (await called).Value);
    }

    [Fact]
    public async Task Who_acts_and_has_an_entry_in_the_ledger_is_not_repeated_though_it_was_not_delivered()
    {
        var called = await new GrainCalls(TimeProvider.System).CallAsync<string>(
            () => throw new SiloUnavailableException(),
            () => Task.FromResult(false),
            evenUnknown: false,
            CancellationToken.None
        );
        Assert.Equal(CallFailure.Unknown, called.Failure);
    }
}
