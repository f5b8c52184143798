using System.Runtime.InteropServices;

namespace Vault.Storage.Spool;

/// <summary>
/// Makes a rename durable: on Unix a file name is an entry of its folder, so the folder must be synced like a file. It
/// calls libc, because .NET cannot open a folder.
/// </summary>
public static class FolderSync
{
    /// <exception cref="IOException">The folder could not be synced; a power failure may lose the name.</exception>
    public static void Sync(string folder)
    {
        // NTFS journals file names, so no call is needed.
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
