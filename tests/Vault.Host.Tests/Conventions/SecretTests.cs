namespace Vault.Host.Tests.Conventions;

/// <summary>Law 2: a credential has one way out. A file that opens a secret is named here, with a reason a stranger accepts, or the build is red.</summary>
public sealed class SecretTests
{
    private static readonly string[] MayReveal =
    [
    ];

    [Fact]
    public void Only_the_listed_files_reveal_a_secret()
    {
        var revealing = Repository.Sources("src").Where(f => !f.EndsWith("/Sealing/Secret.cs", StringComparison.Ordinal))
            .Where(f => Repository.Read(f) is var text && (text.Contains(".Reveal(", StringComparison.Ordinal) || text.Contains(".RevealText(", StringComparison.Ordinal)));
        Assert.Equal(MayReveal.Order(StringComparer.Ordinal), revealing);
    }
}
