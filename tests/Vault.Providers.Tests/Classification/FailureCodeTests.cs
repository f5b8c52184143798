using System.Buffers.Text;
using Vault.Providers.Classification;

namespace Vault.Providers.Tests.Classification;

/// <summary>
/// A provider's error goes into the row, the ledger and answers; a token that it repeats there must not.
/// </summary>
public sealed class FailureCodeTests
{
    [Theory]
    [InlineData("invalid_grant")]
    [InlineData("AADSTS700082")]
    [InlineData("InvalidAuthenticationToken")]
    [InlineData("REFRESH_TOKEN_EXPIRED")]
    [InlineData("OAuth2.InvalidClientId:403")]
    public void A_code_passes(string code) => Assert.Equal(code, FailureCode.Clean(code));

    [Fact]
    public void A_token_does_not()
    {
        var random = new Random(1);
        var bytes = new byte[32];
        for (var i = 0; i < 1_000; i++)
        {
            random.NextBytes(bytes);
            Assert.Null(FailureCode.Clean("sbx_rt_" + Base64Url.EncodeToString(bytes)));
            Assert.Null(FailureCode.Clean("ghr_" + Convert.ToHexStringLower(bytes.AsSpan(0, 20))));
        }
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("")]
    [InlineData(null)]
    public void Sentences_do_not(string? text) => Assert.Null(FailureCode.Clean(text));
}
