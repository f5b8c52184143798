using Vault.Core.Identity;

namespace Vault.Core.Tests.Identity;

public sealed class AccountKeyTests
{
    private static readonly OrganizationId Org = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");

    [Theory]
    [InlineData("user_1", "")]
    [InlineData("a/b", "work")]
    [InlineData("müller@example.org", "")]
    [InlineData("100%25", "")]
    [InlineData("service:nightly", "")]
    public void The_text_form_round_trips(string user, string label)
    {
        var key = new AccountKey(Org, new UserId(user), new ConnectionName("slack"), label);
        Assert.Equal(key, AccountKey.Parse(key.ToString()));
        Assert.Equal(label.Length == 0 ? 3 : 4, key.ToString().Split('/').Length);
    }

    [Theory]
    [InlineData("org_01hzzzzzzzzzzzzzzzzzzzzzzz/u%73er/slack")]
    [InlineData("org_01hzzzzzzzzzzzzzzzzzzzzzzz/user/slack/")]
    [InlineData("org_1/user/slack")]
    [InlineData("org_01hzzzzzzzzzzzzzzzzzzzzzzz//slack")]
    [InlineData("org_01hzzzzzzzzzzzzzzzzzzzzzzz/user/Slack")]
    public void A_second_spelling_or_a_broken_text_is_refused(string text) =>
        Assert.Throws<FormatException>(() => AccountKey.Parse(text));

    [Fact]
    public void There_is_no_key_without_an_organization() =>
        Assert.Throws<ArgumentException>(() => new AccountKey(default, new UserId("u"), new ConnectionName("slack")));

    [Theory]
    [InlineData("")]
    [InlineData(" a")]
    [InlineData("a\u0000b")]
    public void A_user_id_that_cannot_be_stored_exactly_is_refused(string user) => Assert.False(UserId.IsValid(user));

    // Not inline data: a lone surrogate does not survive the test runner's own serialization.
    [Fact]
    public void A_user_id_with_a_lone_surrogate_is_refused() => Assert.False(UserId.IsValid("a\ud800"));
}
