using System.Net;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Conventions;

/// <summary>The one way in which tests wait for what happens by itself.</summary>
public sealed class EventuallyTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_wait_that_expires_says_what_its_last_look_saw()
    {
        var looks = 0;
        var expired = await Assert.ThrowsAsync<TimeoutException>(() =>
            Eventually.UntilAsync(() => Task.FromResult($"look {++looks}"), seen => seen == "never", Moment, Moment)
        );
        Assert.Contains($"look {looks}", expired.Message, StringComparison.Ordinal);
        Assert.Contains("seen == \"never\"", expired.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_look_that_never_comes_back_ends_the_wait_and_the_one_before_is_reported()
    {
        var looks = 0;
        Task<string> LookAsync() =>
            ++looks == 1 ? Task.FromResult("the first") : new TaskCompletionSource<string>().Task;

        var expired = await Assert.ThrowsAsync<TimeoutException>(() =>
            Eventually.UntilAsync(LookAsync, seen => seen == "the second", TimeSpan.FromSeconds(1), Moment)
        );
        Assert.Contains("the first", expired.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_look_throws_ends_the_wait() =>
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            Eventually.UntilAsync<int>(() => throw new InvalidDataException("broken"), _ => false)
        );

    [Fact]
    public async Task A_host_that_limits_the_rate_is_left_alone_for_as_long_as_it_says_and_then_answers()
    {
        await using var world = await World.StartAsync(1, postgres: false, "--rate-limit-per-second", "20");
        var organization = await world.OrganizationAsync();
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.PostAsync($"/v1/organizations/{organization}:rotate_key", new { })).Status
        );
        var crowd = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => world.GetAsync($"/v1/organizations/{organization}"))
        );
        Assert.Contains(crowd, r => r is { Status: HttpStatusCode.TooManyRequests, RetryAfter: not null });

        Assert.NotEmpty(await world.LedgerAsync(organization, "organization.key_rotated"));
    }
}
