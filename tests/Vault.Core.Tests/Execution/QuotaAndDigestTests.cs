using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Execution;
using Vault.Core.Identity;

namespace Vault.Core.Tests.Execution;

public sealed class QuotaAndDigestTests
{
    private static readonly OrganizationId Acme = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
    private static readonly OrganizationId Globex = new("org_01hyyyyyyyyyyyyyyyyyyyyyyy");
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_minutes_worth_goes_through_and_the_rest_is_told_how_long_to_wait()
    {
        var quotas = new Quotas(_time);
        for (var i = 0; i < 60; i++)
            Assert.Null(quotas.TryTake(Acme, "user", "u", 60));
        Assert.Equal(1, quotas.TryTake(Acme, "user", "u", 60)!.Value.TotalSeconds, 3);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(quotas.TryTake(Acme, "user", "u", 60));
        Assert.NotNull(quotas.TryTake(Acme, "user", "u", 60));
    }

    [Fact]
    public void What_a_provider_held_back_stays_back_until_its_time_and_no_longer()
    {
        var quotas = new Quotas(_time);
        quotas.Hold(Acme, "rate", "r", TimeSpan.FromSeconds(30));
        quotas.Hold(Acme, "rate", "r", TimeSpan.FromSeconds(10));
        Assert.Equal(30, quotas.TryTake(Acme, "rate", "r", 60)!.Value.TotalSeconds, 3);
        Assert.Null(quotas.TryTake(Acme, "rate", "another", 60));
        Assert.Null(quotas.TryTake(Globex, "rate", "r", 60));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(quotas.TryTake(Acme, "rate", "r", 60));
        quotas.Hold(Acme, "rate", "r", TimeSpan.FromDays(1));
        Assert.Equal(300, quotas.TryTake(Acme, "rate", "r", 60)!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void Organizations_kinds_and_names_do_not_share()
    {
        var quotas = new Quotas(_time);
        Assert.Null(quotas.TryTake(Acme, "user", "u", 1));
        Assert.NotNull(quotas.TryTake(Acme, "user", "u", 1));
        Assert.Null(quotas.TryTake(Globex, "user", "u", 1));
        Assert.Null(quotas.TryTake(Acme, "connection", "u", 1));
        Assert.Null(quotas.TryTake(Acme, "user", "v", 1));
    }

    [Fact]
    public void No_quota_allows_everything()
    {
        var quotas = new Quotas(_time);
        for (var i = 0; i < 1_000; i++)
            Assert.Null(quotas.TryTake(Acme, "user", "u", 0));
    }

    [Fact]
    public async Task Many_at_once_take_exactly_the_quota()
    {
        var quotas = new Quotas(_time);
        var taken = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    Task.Run(() => Enumerable.Range(0, 100).Count(_ => quotas.TryTake(Acme, "user", "u", 100) is null))
                )
        );
        Assert.Equal(100, taken.Sum());
    }

    [Theory]
    [InlineData("""{"b":1,"a":[1,{"y":2,"x":"ü"}]}""", """ { "a" : [ 1, {"x":"\u00fc","y":2} ], "b":1 } """, true)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    [InlineData("""{"a":1.0}""", """{"a":1}""", false)]
    [InlineData("""{"a":null}""", """{}""", false)]
    [InlineData("""{"a":1,"a":2}""", """{"a":2,"a":1}""", false)]
    public void Two_spellings_of_one_input_have_one_digest_and_two_inputs_have_two(string one, string other, bool same)
    {
        var (first, second) = (
            InputDigest.Of(JsonDocument.Parse(one).RootElement),
            InputDigest.Of(JsonDocument.Parse(other).RootElement)
        );
        Assert.Equal(same, first == second);
        Assert.Matches("^[0-9a-f]{64}$", first);
    }

    [Fact]
    public void No_input_has_a_digest_too() =>
        Assert.Equal(InputDigest.Of(JsonDocument.Parse("null").RootElement), InputDigest.Of(default));
}
