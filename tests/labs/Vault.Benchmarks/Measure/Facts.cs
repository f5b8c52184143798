using System.Diagnostics;
using System.Runtime.InteropServices;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Measure;

/// <summary>
/// What somebody needs to know to compare figures: processor, cores, runtime, commit. Nothing that names the machine.
/// </summary>
internal static class Facts
{
    public static MachineFacts Machine(string postgres, double loadBefore)
    {
        var processor = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[1]
            .Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim().Split('-')[0];
        return new MachineFacts(
            Environment.ProcessorCount,
            processor,
            RuntimeInformation.FrameworkDescription,
            "Linux " + kernel,
            postgres,
            loadBefore
        );
    }

    public static string Commit()
    {
        try
        {
            using var git = Process.Start(
                new ProcessStartInfo("git", ["describe", "--always", "--dirty"])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    WorkingDirectory = Checkout.Root,
                }
            )!;
            var text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return text.Length > 0 ? text : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
