using Vault.Core.Accounts;
using Vault.Core.Identity;
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
        Assert.Equal(
            "approve",
            StateJson.To<OrganizationState>("""{"status":"Active","gate":{"open":true,"epoch":4}}""").DestructivePolicy
        );
        Assert.Equal(
            new Gate(true, 4),
            StateJson.To<OrganizationState>("""{"status":"Active","gate":{"open":true,"epoch":4}}""").Gate
        );
    }

    [Fact]
    public void A_doubt_of_the_version_before_is_read_and_it_reads_ours_as_one_that_no_single_word_settles()
    {
        const string Since = "2026-03-01T12:00:00+00:00";
        var one = StateJson
            .To<AccountState>($$$"""{"status":"Active","doubt":{"attempt_id":"att_1","first_sent_at":"{{{Since}}}"}}""")
            .Doubt!;
        Assert.True(one.Includes("att_1"));
        var several = StateJson
            .To<AccountState>(
                $$$"""{"status":"Active","doubt":{"attempt_id":"several","first_sent_at":"{{{Since}}}"}}"""
            )
            .Doubt!;
        Assert.False(several.Includes("att_1"));

        // What the version before knows of a doubt are these two members.
        var json = StateJson.From(
            one.With(new RefreshIntent("att_2", "host", one.FirstSentAt.AddMinutes(1), one.FirstSentAt.AddMinutes(2)))
        );
        Assert.StartsWith($$"""{"attempt_id":"several","first_sent_at":"{{Since}}",""", json, StringComparison.Ordinal);
        var ours = StateJson.To<InDoubtAttempts>(json);
        Assert.True(ours.BeganWith("att_1") && ours.Includes("att_2"));
        var left = ours.Without("att_1")!;
        Assert.Equal(("att_2", one.FirstSentAt.AddMinutes(1)), (left.AttemptId, left.FirstSentAt));
        Assert.Equal("host", Assert.Single(left.Attempts).Holder);
    }

    [Fact]
    public void Enums_are_words()
    {
        var json = StateJson.From(
            new AccountState { Status = AccountStatus.RequiresReauth, Revocation = UpstreamRevocation.NoEndpoint }
        );
        Assert.Contains("\"status\":\"RequiresReauth\"", json, StringComparison.Ordinal);
        Assert.Contains("\"NoEndpoint\"", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1969-12-31T23:59:59.9999999Z", -1)]
    [InlineData("1970-01-01T00:00:00.0000019Z", 1)]
    [InlineData("2026-03-01T12:00:00.1234567Z", 1772366400123456)]
    public void Times_are_rounded_down_to_microseconds(string time, long expected)
    {
        Assert.Equal(
            expected,
            Micros.From(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture))
        );
        Assert.Equal(expected, Micros.From(Micros.ToTime(expected)));
    }
}
