using System.Globalization;
using System.Runtime.InteropServices;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>Protects the memory of the host, which holds the master key and decrypted credentials.</summary>
public static class ProcessMemory
{
    private const int SetDumpable = 4;

    /// <summary>
    /// When the process ends by a signal or ends itself, the kernel writes no core file, whatever its limits say, and
    /// no other process of the same user may attach to it or read its memory (prctl(2), PR_SET_DUMPABLE). Elsewhere
    /// than on Linux it does nothing. The runtime's own ways in are closed too: see <see cref="CloseDiagnostics"/>.
    /// </summary>
    public static void KeepPrivate()
    {
        if (OperatingSystem.IsLinux() && Control(SetDumpable, 0, 0, 0, 0) != 0)
            throw new StartException(
                $"The process cannot disable its core files (error {Marshal.GetLastPInvokeError()})."
            );
        CloseDiagnostics();
    }

    /// <summary>
    /// Any client of the runtime's diagnostics socket gets the whole environment, dumps, and code run in the
    /// process; the debugger's pipes attach to it. With <c>DOTNET_EnableDiagnostics=0</c>, which the image and the unit
    /// set, the runtime makes none; it cannot be set in the runtime's configuration file. Where it was not set they are
    /// removed: a socket without a name can no longer be connected to.
    /// </summary>
    private static void CloseDiagnostics()
    {
        if (OperatingSystem.IsWindows())
            return;
        foreach (var pattern in (string[])["dotnet-diagnostic-{0}-*", "clr-debug-pipe-{0}-*"])
        {
            var mine = string.Format(CultureInfo.InvariantCulture, pattern, Environment.ProcessId);
            foreach (var path in Directory.EnumerateFiles(Path.GetTempPath(), mine))
            {
                try
                {
                    File.Delete(path);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new StartException(
                        $"The runtime's diagnostics {path} cannot be removed: {e.Message} Set DOTNET_EnableDiagnostics=0."
                    );
                }
            }
        }
    }

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nint a, nint b, nint c, nint d);
}
