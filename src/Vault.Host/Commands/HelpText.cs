using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>The output of <c>--help</c>.</summary>
public static class HelpText
{
    public static void Write(TextWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.WriteLine("vault-host: web server and silo of Vault.Orleans");
        to.WriteLine();
        to.WriteLine("  vault-host [options]                              start the host");
        foreach (var (name, help) in HostCommand.Known)
            to.WriteLine($"  {"vault-host " + name + " [options]", -50}{help}");
        to.WriteLine($"  {"vault-host --version", -50}print the version and the commit of the build");
        to.WriteLine();
        to.WriteLine(
            "Options, each also an environment variable (--listen is VAULT_LISTEN); the command line "
                + "takes precedence:"
        );
        foreach (var option in VaultOptions.Known)
            to.WriteLine(
                $"  {option.Flag, -30}{option.Help}{(option.Default.Length > 0 ? $" [{option.Default}]" : "")}"
            );
    }
}
