using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Storage.Spool;

/// <summary>
/// The limits of a spool. A full spool refuses a reply, and the caller reports that it could not be stored.
/// </summary>
/// <param name="MaxReplies">The maximum number of files.</param>
/// <param name="MaxBytes">The maximum size of all files together.</param>
public sealed record SpoolLimits(int MaxReplies = 10_000, long MaxBytes = 64 * 1024 * 1024);

/// <summary>
/// Refresh replies that are not yet committed, one file each, in a folder of this host. A reply is durable when
/// <see cref="PutAsync"/> returns true: it is written under a temporary name, synced, renamed, and the folder is
/// synced, so a power failure leaves the whole file or none. A file contains the sealed grant and never a token in
/// plaintext. An unreadable file is renamed to <c>.corrupt</c> and kept for inspection.
/// </summary>
public sealed partial class FileReplySpool : IReplySpool, IDisposable
{
    private const string Extension = ".reply";

    // Syncs that wait together share a commit of the file system's journal, so several writers are faster than one. The
    // limit keeps a slow disk from holding the whole thread pool.
    private const int Writers = 8;

    private readonly SemaphoreSlim _gate = new(Writers, Writers);
    private readonly Lock _counts = new();
    private readonly string _folder;
    private readonly SpoolLimits _limits;
    private readonly ILogger _log;
    private int _count;
    private long _bytes;

    private FileReplySpool(string folder, SpoolLimits limits, ILogger log) =>
        (_folder, _limits, _log) = (folder, limits, log);

    /// <summary>
    /// Opens the folder, and creates it if needed, readable only by its owner. Only one process may use a folder.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public static FileReplySpool Open(string folder, SpoolLimits? limits = null, ILogger<FileReplySpool>? log = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var full = Path.GetFullPath(folder);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(full);
        else
            Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var spool = new FileReplySpool(full, limits ?? new SpoolLimits(), log ?? NullLogger<FileReplySpool>.Instance);
        // These files are from a crash before the rename. Deleting them is safe: PutAsync has not returned true.
        foreach (var part in Directory.EnumerateFiles(full, "*.part"))
            File.Delete(part);
        foreach (var file in spool.Files())
        {
            spool._count++;
            spool._bytes += file.Length;
        }

        return spool;
    }

    public async Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reply);
        var content = SpooledReplyFile.Write(reply);
        var path = PathOf(reply.Key, reply.AttemptId);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            // A second reply of the same attempt replaces the file.
            var before = new FileInfo(path) is { Exists: true } existing ? existing.Length : (long?)null;
            var (replies, bytes) = (before is null ? 1 : 0, content.Length - (before ?? 0));
            lock (_counts)
            {
                if (_count + replies > _limits.MaxReplies || _bytes + bytes > _limits.MaxBytes)
                {
                    Full(_count, _bytes);
                    return false;
                }

                _count += replies;
                _bytes += bytes;
            }

            if (TryWrite(path, content))
                return true;
            Forget(replies, bytes);
            return false;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var replies = new List<SpooledReply>();
            foreach (var file in Files().OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal))
            {
                if (replies.Count >= limit)
                    break;
                try
                {
                    if (
                        SpooledReplyFile.TryRead(File.ReadAllBytes(file.FullName), out var reply)
                        && PathOf(reply.Key, reply.AttemptId) == file.FullName
                    )
                        replies.Add(reply);
                    else
                        SetAside(file);
                }
                catch (FileNotFoundException)
                {
                    // Its commit removed it meanwhile.
                }
            }

            return replies;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken)
    {
        var file = new FileInfo(PathOf(key, attemptId));
        await _gate.WaitAsync(cancellationToken);
        try
        {
            file.Refresh();
            if (!file.Exists)
                return;
            var length = file.Length;
            file.Delete();
            Forget(1, length);
            // The deletion is not synced. This is safe: if the file reappears after a power failure, the store rejects
            // its old generation.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The store has decided already. The next drain finds the reply out of date and removes it.
            NotRemoved(file.Name, e.GetType().Name);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private bool TryWrite(string path, byte[] content)
    {
        var part = path + ".part";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Share = FileShare.None,
                PreallocationSize = content.Length,
            };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(part, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
            FolderSync.Sync(_folder);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, a deleted folder or a read-only file system: the caller still has the reply.
            Refused(e.GetType().Name);
            TryDelete(part);
            return false;
        }
    }

    private static void TryDelete(string part)
    {
        try
        {
            File.Delete(part);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next Open removes the file. PutAsync has not returned true for it.
        }
    }

    private void SetAside(FileInfo file)
    {
        var length = file.Length;
        file.MoveTo(file.FullName + ".corrupt", overwrite: true);
        Forget(1, length);
        Corrupt(file.Name);
    }

    private void Forget(int replies, long bytes)
    {
        lock (_counts)
        {
            _count -= replies;
            _bytes -= bytes;
        }
    }

    private IEnumerable<FileInfo> Files() => new DirectoryInfo(_folder).EnumerateFiles("*" + Extension);

    // A digest, because a user id may contain characters that a file name may not.
    private string PathOf(AccountKey key, string attemptId) =>
        Path.Combine(
            _folder,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key + "\n" + attemptId)).AsSpan(0, 16))
                + Extension
        );

    [LoggerMessage(
        LogLevel.Error,
        "The reply spool is full ({Count} replies, {Bytes} bytes); a refresh reply was not stored on disk"
    )]
    private partial void Full(int count, long bytes);

    [LoggerMessage(LogLevel.Error, "A refresh reply could not be written to disk ({Error})")]
    private partial void Refused(string error);

    [LoggerMessage(LogLevel.Error, "The spooled reply {File} cannot be read and was renamed to .corrupt")]
    private partial void Corrupt(string file);

    [LoggerMessage(LogLevel.Warning, "The committed reply {File} could not be removed from the spool ({Error})")]
    private partial void NotRemoved(string file, string error);
}
