using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Tests.Accounts;

public sealed class GrantCodecTests
{
    [Theory]
    [InlineData("access", "refresh", "Bearer")]
    [InlineData("access", null, "mac")]
    public void A_grant_round_trips(string access, string? refresh, string type)
    {
        using var grant = new GrantTokens
        {
            AccessToken = Secret.From(access),
            RefreshToken = refresh is null ? null : Secret.From(refresh),
            TokenType = type,
        };
        using var read = GrantCodec.DecodeGrant(GrantCodec.Encode(grant));
        Assert.Equal(access, read.AccessToken.RevealText());
        Assert.Equal(refresh, read.RefreshToken?.RevealText());
        Assert.Equal(type, read.TokenType);
    }

    [Fact]
    public void A_credential_round_trips_with_all_its_fields()
    {
        var fields = ImmutableSortedDictionary<string, Secret>
            .Empty.Add("username", Secret.From("u"))
            .Add("password", Secret.From("pä:ss\n"));
        using var credential = new StaticCredential { Mode = AuthMode.Basic, Fields = fields };
        using var read = GrantCodec.DecodeCredential(GrantCodec.Encode(credential));
        Assert.Equal(AuthMode.Basic, read.Mode);
        Assert.Equal(["password", "username"], read.Fields.Keys);
        Assert.Equal("pä:ss\n", read.Fields["password"].RevealText());
    }

    [Fact]
    public void A_cut_or_foreign_plaintext_is_refused()
    {
        using var grant = new GrantTokens { AccessToken = Secret.From("access") };
        var data = GrantCodec.Encode(grant);
        for (var length = 0; length < data.Length; length++)
            Assert.Throws<FormatException>(() => GrantCodec.DecodeGrant(data.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => GrantCodec.DecodeCredential(data));
    }
}
