using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>
/// Whose an opened file is. A symbolic link, or a file of another user, lets that user choose or read what the host
/// takes for its own.
/// </summary>
internal static class FileOwner
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <exception cref="StartException">The name is a symbolic link, or the file is of another user than this
    /// process's.</exception>
    public static void Require(string path, SafeFileHandle opened)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            throw new StartException(
                $"The master key file {path} is a symbolic link to {target}; give the file itself, or copy it there."
            );
        if (!OperatingSystem.IsLinux())
            return;

        // The name is looked at without following it and compared with what was opened, so a link or another file that
        // takes the name in between is seen.
        var name = Look(CurrentFolder, path, NoFollow, path);
        var file = Look((int)opened.DangerousGetHandle(), "", EmptyPath, path);
        if (name != file)
            throw new StartException($"The master key file {path} was replaced while it was read; start again.");
        if (file.User != EffectiveUser())
            throw new StartException(
                $"The master key file {path} belongs to another user (id {file.User}) than the host's "
                    + $"(id {EffectiveUser()}); run: chown {EffectiveUser()} {path}"
            );
    }

    // struct statx has the same layout on every architecture, unlike struct stat.
    private static (uint User, ulong Number, ulong Device) Look(int folder, string name, int flags, string path)
    {
        var stats = new byte[256];
        if (Status(folder, name, flags, BasicStats, stats) != 0)
            throw new StartException(
                $"The master key file {path} cannot be looked at (error {Marshal.GetLastPInvokeError()})."
            );
        return (
            MemoryMarshal.Read<uint>(stats.AsSpan(20)),
            MemoryMarshal.Read<ulong>(stats.AsSpan(32)),
            MemoryMarshal.Read<ulong>(stats.AsSpan(136))
        );
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Status(
        int folder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        int flags,
        uint mask,
        [Out] byte[] stats
    );

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();
}
