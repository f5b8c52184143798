using System.Collections.Immutable;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// Whose consumer secret signs: the connection's as it is now, for accounts with a copy of an older one and for those
/// with none.
/// </summary>
public sealed class OAuth1SecretTests
{
    private static readonly (string, string)[] Token =
    [
        ("consumer_key", "client-1"),
        ("token", "t"),
        ("token_secret", "ts"),
    ];

    [Fact]
    public void The_connections_secret_goes_before_a_copy()
    {
        var expected = Header([.. Token, ("consumer_secret", "new")], null);
        Assert.NotNull(expected);
        Assert.Equal(expected, Header([.. Token, ("consumer_secret", "old")], ("client-1", Secret.From("new"))));
        Assert.Equal(expected, Header(Token, ("client-1", Secret.From("new"))));
        Assert.NotEqual(expected, Header([.. Token, ("consumer_secret", "old")], null));
    }

    [Fact]
    public void A_secret_of_another_client_signs_nothing()
    {
        Assert.Equal(
            Header([.. Token, ("consumer_secret", "own")], null),
            Header([.. Token, ("consumer_secret", "own")], ("client-2", Secret.From("another")))
        );
        Assert.Null(Header(Token, ("client-2", Secret.From("another"))));
        Assert.Null(Header(Token, null));
    }

    private static string? Header((string, string)[] fields, (string, Secret)? consumer)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/things?b=2&a=1");
        return OAuth1Signature.Header(
            message,
            "HMAC-SHA1",
            "",
            SandboxRig.Own(AuthMode.ApiKey, fields),
            consumer,
            "1700000000",
            "nonce"
        );
    }
}
