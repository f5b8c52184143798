using System.Diagnostics;
using System.Globalization;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// A disk without room, for one process: the limit on the size of the files it writes (RLIMIT_FSIZE), set from outside with prlimit of util-linux. A write beyond it
/// fails as on a full disk; it needs no root and no file system of its own.
/// </summary>
internal static class Limits
{
    /// <param name="process">Whose.</param>
    /// <param name="bytes">Null: as much as it likes.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task FileSizeAsync(int process, long? bytes, CancellationToken cancellationToken)
    {
        var limit = bytes?.ToString(CultureInfo.InvariantCulture) ?? "unlimited";
        try
        {
            // The soft limit alone: that one may be lifted again by anybody.
            using var prlimit = Process.Start(new ProcessStartInfo("prlimit", ["--pid", process.ToString(CultureInfo.InvariantCulture), $"--fsize={limit}:"]) { RedirectStandardError = true })!;
            await prlimit.WaitForExitAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new LabException("prlimit (package util-linux) is missing; it makes the full disk.");
        }
    }
}
