using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Tests.Refresh;

namespace Vault.Core.Tests.Execution;

/// <summary>
/// What a page token holds is the provider's and the vault's business: nobody who calls can write one (law 9).
/// </summary>
public sealed class PageTokenTests
{
    private const string Page = """{"Tool":"acme_list_things","Value":"https://api.acme.example/things?page=2"}""";

    [Fact]
    public async Task A_token_comes_back_as_it_was_given_and_shows_nothing()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(TimeSpan.FromHours(1));
        bench.Upstream.Next(Answer(Page));
        var first = await bench.ExecuteAsync();
        Assert.DoesNotContain(
            "page=2",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(first.NextPageToken!)),
            StringComparison.Ordinal
        );
        Assert.Null((await NextAsync(bench, first.NextPageToken!)).Error);
        Assert.Equal([null, Page], bench.Upstream.Pages);
    }

    [Fact]
    public async Task A_token_that_was_made_up_or_changed_or_is_another_accounts_is_refused_before_anything_is_sent()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(TimeSpan.FromHours(1));
        await bench.Accounts.ConnectAsync(TimeSpan.FromHours(1), user: "bob");
        bench.Upstream.Next(Answer(Page));
        var honest = (await bench.ExecuteAsync()).NextPageToken!;
        var changed = Base64Url.DecodeFromChars(honest);
        changed[^20] ^= 1;
        var otherKey = Base64Url.DecodeFromChars(honest);
        otherKey[4]++;
        foreach (
            var forged in new[]
            {
                Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Page)),
                Base64Url.EncodeToString(changed),
                Base64Url.EncodeToString(otherKey),
                honest[..^4],
                "",
                "%",
                new string('A', 5_000),
                new string('A', 50_000),
            }
        )
        {
            var answer = await NextAsync(bench, forged);
            Assert.Equal((Outcome.FailedBeforeSend, false), (answer.Outcome, answer.Error is null));
        }

        var stranger = await NextAsync(bench, honest, new UserId("bob"));
        Assert.Equal(
            (ErrorCatalogue.ToolInputInvalid, "page_token"),
            (stranger.Error!.Code, stranger.Error.Violations.Single().Path)
        );
        Assert.Single(bench.Upstream.Pages);
    }

    private static UpstreamReply Answer(string page) =>
        new(UpstreamOutcome.Succeeded, 200)
        {
            Data = JsonSerializer.SerializeToElement(new { ok = true }),
            NextPageToken = page,
        };

    private static Task<ExecutionResult> NextAsync(ExecutionBench bench, string token, UserId? user = null) =>
        bench.Executor.ExecuteAsync(
            ExecutionBench.Caller,
            ExecutionBench.Request() with
            {
                PageToken = token,
                User = user ?? AccountBench.Ada,
            },
            default
        );
}
