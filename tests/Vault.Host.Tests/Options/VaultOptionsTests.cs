using Vault.Host.Options;

namespace Vault.Host.Tests.Options;

public sealed class HostOptionsTests
{
    private static (VaultOptions? Options, IReadOnlyList<string> Faults) Read(
        string[] arguments,
        params (string Name, string Value)[] environment
    ) => VaultOptions.Read(arguments, environment.Select(e => new KeyValuePair<string, string>(e.Name, e.Value)));

    [Fact]
    public void The_defaults_start_a_host_on_loopback_with_sqlite()
    {
        var (options, faults) = Read([]);
        Assert.Empty(faults);
        Assert.Equal("http://127.0.0.1:8080/", options!.Listen.ToString());
        Assert.False(options.Postgres);
        Assert.False(options.Development);
        Assert.Equal(Path.Combine(options.Data, "master.key"), options.MasterKeyFile);
    }

    [Fact]
    public void The_command_line_wins_over_the_environment()
    {
        var (options, _) = Read(["--listen=http://127.0.0.1:9999"], ("VAULT_LISTEN", "http://127.0.0.1:7777"));
        Assert.Equal(9999, options!.Listen.Port);
    }

    [Fact]
    public void All_faults_are_listed_at_once_each_with_its_option()
    {
        var (options, faults) = Read(
            ["--sweep-batch", "none"],
            ("VAULT_STORE", "sqllite"),
            ("VAULT_LISTEN", "127.0.0.1:8080"),
            ("VAULT_REFRESH_LEASE_MS", "10000")
        );
        Assert.Null(options);
        Assert.Equal(4, faults.Count);
        Assert.Contains(faults, f =>
            f.Contains("VAULT_STORE", StringComparison.Ordinal)
            && f.Contains("Did you mean sqlite?", StringComparison.Ordinal)
        );
        Assert.Contains(faults, f =>
            f.Contains("VAULT_LISTEN", StringComparison.Ordinal)
            && f.Contains("https://vault.example.com", StringComparison.Ordinal)
        );
        Assert.Contains(faults, f =>
            f.Contains("VAULT_SWEEP_BATCH", StringComparison.Ordinal) && f.Contains("'none'", StringComparison.Ordinal)
        );
        Assert.Contains(faults, f =>
            f.Contains("Lease", StringComparison.Ordinal) && f.Contains("TokenTimeout", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Trusted_proxies_are_addresses_and_networks()
    {
        Assert.Equal(
            ["10.0.0.7/32", "fd00::/8"],
            Read(["--trusted-proxies", "10.0.0.7, fd00::/8"]).Options!.TrustedProxies.Select(n => n.ToString())
        );
        Assert.Contains(
            "'10.0.0.1/33'",
            Assert.Single(Read(["--trusted-proxies", "10.0.0.1/33"]).Faults),
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string> Names => [.. VaultOptions.Known.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_typo_in_any_option_is_refused_with_the_right_name(string name)
    {
        var option = VaultOptions.Known.Single(o => o.Name == name);
        var flagTypo = option.Flag[..^1] + "x";
        Assert.Contains(Read([flagTypo, "1"]).Faults, f =>
            f.Contains(flagTypo, StringComparison.Ordinal)
            && f.Contains($"Did you mean {option.Flag}?", StringComparison.Ordinal)
        );
        var variableTypo = option.Variable + "S";
        Assert.Contains(Read([], (variableTypo, "1")).Faults, f =>
            f.Contains(variableTypo, StringComparison.Ordinal) && f.Contains("Did you mean", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("VAULT_STORE", "postgres", "VAULT_DATABASE")]
    [InlineData("VAULT_DATABASE", "Host=x", "VAULT_STORE=postgres")]
    [InlineData("VAULT_PUBLIC_URL", "http://vault.example.com", "https")]
    [InlineData("VAULT_PUBLIC_URL", "https://vault.example.com/path", "origin")]
    [InlineData("VAULT_PACKS", "/no/such/folder", "/no/such/folder")]
    [InlineData("VAULT_MASTER_KEY_FILE", "/no/such/file", "/no/such/file")]
    [InlineData("VAULT_LOG_LEVEL", "verbose", "warning")]
    [InlineData("VAULT_CHECKPOINT", "/tmp/point", "development")]
    [InlineData("VAULT_EGRESS_ALLOW", "10.0.0.0/99", "10.0.0.0/99")]
    public void What_does_not_fit_together_is_refused_with_the_fix(string name, string value, string told) =>
        Assert.Contains(Read([], (name, value)).Faults, f => f.Contains(told, StringComparison.Ordinal));

    [Theory]
    [InlineData("https://127.0.0.1:8443", "no TLS of its own")]
    [InlineData("https://0.0.0.0:8443", "no TLS of its own")]
    [InlineData("http://0.0.0.0:8080", "--allow-plain-http")]
    [InlineData("http://[::]:8080", "--allow-plain-http")]
    [InlineData("http://10.0.0.1:8080", "--allow-plain-http")]
    public void Keys_travel_without_TLS_on_loopback_only(string listen, string said)
    {
        string[] given = ["--listen", listen, "--public-url", "https://vault.example.com"];
        var faults = Read(given).Faults;
        Assert.Contains(faults, f =>
            f.Contains("VAULT_LISTEN", StringComparison.Ordinal) && f.Contains(said, StringComparison.Ordinal)
        );
        string[][] allowing =
        [
            [.. given, "--allow-plain-http"],
            ["--allow-plain-http", .. given],
            [.. given, "--allow-plain-http", "true"],
        ];
        foreach (var allowed in allowing)
            Assert.Equal(listen.StartsWith("https", StringComparison.Ordinal), Read(allowed).Options is null);
        Assert.Null(Read([.. given, "--allow-plain-http", "false"]).Options);
    }

    [Theory]
    [InlineData("--database", "Host=x;Password=hidden")]
    [InlineData("--database-owner", "Host=x; PWD = hidden")]
    public void A_password_on_the_command_line_is_refused_and_not_repeated(string flag, string connection)
    {
        string[] given = ["--store", "postgres", flag, connection];
        (string, string)[] rest = [("VAULT_DATABASE", "Host=x")];
        var fault = Assert.Single(Read(given, rest).Faults);
        Assert.Contains("password on the command line", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", fault, StringComparison.Ordinal);
        Assert.NotNull(Read(["--store", "postgres", flag, "Host=x"], rest).Options);
        Assert.NotNull(Read(["--store", "postgres"], ("VAULT_DATABASE", "Host=x;Password=hidden")).Options);
        Assert.NotNull(Read([.. given, "--environment", "development"], rest).Options);
    }

    [Fact]
    public void Development_listens_on_loopback_only() =>
        Assert.Contains(Read(["--environment", "development", "--listen", "http://0.0.0.0:8080"]).Faults, f =>
            f.Contains("loopback", StringComparison.Ordinal)
        );

    [Fact]
    public void A_command_behind_the_options_is_told_its_place() =>
        Assert.Contains(Read(["--store", "sqlite", "ledger-verify"]).Faults, f =>
            f.Contains("ledger-verify: write an option", StringComparison.Ordinal)
        );

    [Fact]
    public void An_option_without_its_value_is_refused() =>
        Assert.Contains(Read(["--listen"]).Faults, f => f.Contains("needs a value", StringComparison.Ordinal));
}
