using System.Runtime.InteropServices;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>The memory of a host, which holds the master key and opened credentials.</summary>
public static class ProcessMemory
{
    private const int SetDumpable = 4;

    /// <summary>
    /// When the process ends by a signal or ends itself, the kernel writes no core file, whatever its limits say, and
    /// no other process of the same user may attach to it or read its memory (prctl(2), PR_SET_DUMPABLE). Elsewhere
    /// than on Linux it does nothing.
    /// </summary>
    public static void KeepPrivate()
    {
        if (OperatingSystem.IsLinux() && Control(SetDumpable, 0, 0, 0, 0) != 0)
            throw new StartException(
                $"The process cannot forbid core files of itself (error {Marshal.GetLastPInvokeError()})."
            );
    }

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nint a, nint b, nint c, nint d);
}
