using System.Collections.Immutable;
using Vault.Core.Consent;
using Vault.Core.Sealing;

namespace Vault.Core.Tests.Consent;

/// <summary>What of a static credential may be shown to people who may list accounts.</summary>
public sealed class CredentialSuffixTests
{
    [Theory]
    [InlineData("api_key", "sk_live_0123456789ab", "…89ab")]
    [InlineData("token", "sk_live_0123456789a", "…")]
    [InlineData("key", "short", "…")]
    [InlineData("password", "Summer2026!!", null)]
    [InlineData("password", "a passphrase of more than twenty characters", null)]
    [InlineData("app_password", "abcd efgh ijkl mnop qrst", null)]
    [InlineData("pin", "123456789012345678901234", null)]
    public void Only_long_tokens_show_their_end(string field, string value, string? shown)
    {
        using var secret = Secret.From(value);
        var fields = ImmutableSortedDictionary<string, Secret>.Empty.Add(field, secret);
        Assert.Equal(shown, CredentialSuffix.Of(fields));
    }

    [Fact]
    public void A_password_beside_a_name_shows_nothing()
    {
        using var name = Secret.From("a-user-with-a-long-name@example.com");
        using var password = Secret.From("correct horse battery staple");
        var fields = ImmutableSortedDictionary<string, Secret>.Empty.Add("username", name).Add("password", password);
        Assert.Null(CredentialSuffix.Of(fields));
    }
}
