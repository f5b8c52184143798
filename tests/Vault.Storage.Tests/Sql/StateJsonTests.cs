using Vault.Core.Accounts;
using Vault.Core.Organizations;
using Vault.Storage.Sql;

namespace Vault.Storage.Tests.Sql;

public sealed class StateJsonTests
{
    [Fact]
    public void A_member_of_a_newer_program_is_ignored_and_a_missing_one_is_its_default()
    {
        var state = StateJson.To<AccountState>("""{"status":"Active","invented_later":{"a":1}}""");
        Assert.Equal(AccountStatus.Active, state.Status);
        Assert.Empty(state.GrantedScopes);
        Assert.Empty(state.Parameters);
        Assert.Null(state.Grant);
        Assert.Equal("approve", StateJson.To<OrganizationState>("""{"status":"Active","gate":{"open":true,"epoch":4}}""").DestructivePolicy);
        Assert.Equal(new Gate(true, 4), StateJson.To<OrganizationState>("""{"status":"Active","gate":{"open":true,"epoch":4}}""").Gate);
    }

    [Fact]
    public void Enums_are_words()
    {
        var json = StateJson.From(new AccountState { Status = AccountStatus.RequiresReauth, Revocation = UpstreamRevocation.NoEndpoint });
        Assert.Contains("\"status\":\"RequiresReauth\"", json, StringComparison.Ordinal);
        Assert.Contains("\"NoEndpoint\"", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1969-12-31T23:59:59.9999999Z", -1)]
    [InlineData("1970-01-01T00:00:00.0000019Z", 1)]
    [InlineData("2026-03-01T12:00:00.1234567Z", 1772366400123456)]
    public void Times_are_rounded_down_to_microseconds(string time, long expected)
    {
        Assert.Equal(expected, Micros.From(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(expected, Micros.From(Micros.ToTime(expected)));
    }
}
