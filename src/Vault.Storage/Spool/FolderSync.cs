using System.Runtime.InteropServices;

namespace Vault.Storage.Spool;

/// <summary>
/// Makes a rename durable: on Unix a new name lives in the folder, and the folder has to be synced like a file. .NET
/// opens no folders, so libc does.
/// </summary>
public static class FolderSync
{
    /// <exception cref="IOException">The folder could not be synced; the name may be lost at a power cut.</exception>
    public static void Sync(string folder)
    {
        // NTFS journals names; there is nothing to call.
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
            throw new IOException(
                $"The folder could not be opened for syncing (error {Marshal.GetLastPInvokeError()})."
            );
        try
        {
            if (Sync(descriptor) != 0)
                throw new IOException($"The folder could not be synced (error {Marshal.GetLastPInvokeError()}).");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
