using System.Text;
using Vault.Core.Accounts;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>
/// The process's data folder, locked exclusively for the life of the process, because its spool belongs to one process.
/// On SQLite the database is in the folder, so any other holder of a refresh lease in it is certainly dead, and its
/// lease need not lapse first. On PostgreSQL hosts share the database, and only the lease decides. The lock's file
/// holds
/// the folder's own id and counts the processes that had it, so that hosts can tell whose attempts a drained folder
/// settles.
/// </summary>
public sealed class DataFolder : IHostIdentity, IDisposable
{
    private readonly FileStream _lock;
    private readonly bool _holdsDatabase;

    public DataFolder(string path, bool holdsDatabase)
    {
        _holdsDatabase = holdsDatabase;
        Path = path;
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(
                    path,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                );
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
            };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            _lock = new FileStream(System.IO.Path.Combine(path, "host.lock"), options);

            // The file of an earlier version may be readable by others.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(_lock.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Holder = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}/{Count(_lock)}";
        }
        catch (IOException e)
        {
            throw new StartException(
                $"The data folder {path} is in use by another host or not writable: {e.Message} Stop the other "
                    + "host, or set VAULT_DATA to another folder."
            );
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartException($"The data folder {path} is not writable: {e.Message}");
        }
    }

    public string Path { get; }

    public string Holder { get; }

    public bool IsDead(string holder) => _holdsDatabase && holder != Holder;

    public void Dispose() => _lock.Dispose();

    /// <summary>
    /// Counts this process in the lock's file. It is synced before the process does anything: a number that was used
    /// is never used again. What cannot be read gets a new id, and no process settles the attempts under the old one.
    /// </summary>
    private static DataFolderHolder Count(FileStream file)
    {
        var content = new byte[Math.Min(file.Length, 128)];
        file.ReadExactly(content);
        var next = DataFolderHolder.Of("/" + Encoding.ASCII.GetString(content)) is { } former
            ? former with
            {
                Number = former.Number + 1,
            }
            : new DataFolderHolder(Guid.NewGuid().ToString("N"), 1);
        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(next.ToString()));
        file.Flush(flushToDisk: true);
        return next;
    }
}
