using System.Runtime.InteropServices;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>Protects the memory of the host, which holds the master key and decrypted credentials.</summary>
public static class ProcessMemory
{
    private const int SetDumpable = 4;

    /// <summary>
    /// Sets PR_SET_DUMPABLE to 0 (prctl(2)): the kernel writes no core file when the process crashes, whatever the
    /// limits are, and no other process of the same user can attach to it or read its memory. Linux only; elsewhere it
    /// does nothing.
    /// </summary>
    public static void KeepPrivate()
    {
        if (OperatingSystem.IsLinux() && Control(SetDumpable, 0, 0, 0, 0) != 0)
            throw new StartException(
                $"The process cannot disable its core files (error {Marshal.GetLastPInvokeError()})."
            );
    }

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nint a, nint b, nint c, nint d);
}
