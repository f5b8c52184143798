using System.Diagnostics;
using System.Globalization;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// A disk without room, for one process: the limit on the size of the files it writes (RLIMIT_FSIZE), set from outside
/// with prlimit of util-linux. A write beyond it fails as on a full disk; it needs no root and no file system of its
/// own.
/// </summary>
internal static class Limits
{
    /// <param name="process">Whose.</param>
    /// <param name="bytes">Null: as much as it likes.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Whether it took; a process that has just ended takes none.</returns>
    public static async Task<bool> FileSizeAsync(int process, long? bytes, CancellationToken cancellationToken)
    {
        var limit = bytes?.ToString(CultureInfo.InvariantCulture) ?? "unlimited";

        // The soft limit alone: that one may be lifted again by anybody. Only the user of a process may set it, and
        // root may become that user.
        List<string> command =
        [
            "prlimit",
            "--pid",
            process.ToString(CultureInfo.InvariantCulture),
            $"--fsize={limit}:",
        ];
        if (Environment.IsPrivilegedProcess && Id(process, "Uid:") is { } user && user != "0")
            command.InsertRange(0, ["setpriv", "--reuid=" + user, "--regid=" + Id(process, "Gid:"), "--clear-groups"]);
        try
        {
            using var prlimit = Process.Start(
                new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true }
            )!;
            await prlimit.WaitForExitAsync(cancellationToken);
            return prlimit.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new LabException("prlimit and setpriv (package util-linux) are missing; they make the full disk.");
        }
    }

    private static string? Id(int process, string which)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status")
                .First(l => l.StartsWith(which, StringComparison.Ordinal))
                .Split('\t')[1];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
