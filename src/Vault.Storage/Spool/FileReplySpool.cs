using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Storage.Spool;

/// <summary>
/// How much a spool may hold. Beyond it a reply is refused, and its owner says that it could not be kept.
/// </summary>
/// <param name="MaxReplies">Files.</param>
/// <param name="MaxBytes">Bytes of all files together.</param>
public sealed record SpoolLimits(int MaxReplies = 10_000, long MaxBytes = 64 * 1024 * 1024);

/// <summary>
/// Refresh replies that the store could not take, one file each, in a folder of this host. A reply is on the disk when
/// <see cref="PutAsync"/> returns true: written under another name, synced, renamed, and the folder synced, so that
/// after a power cut there is the whole file or none. What is in it is the sealed grant; the tokens are never in plain
/// text. A file that cannot be read is set aside under <c>.corrupt</c> and stays for a person to look at.
/// </summary>
public sealed partial class FileReplySpool : IReplySpool, IDisposable
{
    private const string Extension = ".reply";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly string _folder;
    private readonly SpoolLimits _limits;
    private readonly ILogger _log;
    private int _count;
    private long _bytes;

    private FileReplySpool(string folder, SpoolLimits limits, ILogger log) =>
        (_folder, _limits, _log) = (folder, limits, log);

    /// <summary>
    /// Opens the folder, making it when missing, readable by its owner alone. One process at a time uses a folder.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static FileReplySpool Open(string folder, SpoolLimits? limits = null, ILogger<FileReplySpool>? log = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var full = Path.GetFullPath(folder);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(full);
        else
            Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var spool = new FileReplySpool(full, limits ?? new SpoolLimits(), log ?? NullLogger<FileReplySpool>.Instance);
        // A crash before the rename: the reply was never promised.
        foreach (var left in Directory.EnumerateFiles(full, "*.part"))
            File.Delete(left);
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
            // The same attempt again replaces its own file.
            var before = new FileInfo(path) is { Exists: true } there ? there.Length : (long?)null;
            if (
                (before is null && _count >= _limits.MaxReplies)
                || _bytes - (before ?? 0) + content.Length > _limits.MaxBytes
            )
            {
                Full(_count, _bytes);
                return false;
            }

            if (!TryWrite(path, content))
                return false;
            if (before is null)
                _count++;
            _bytes += content.Length - (before ?? 0);
            return true;
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
                if (
                    SpooledReplyFile.TryRead(File.ReadAllBytes(file.FullName), out var reply)
                    && PathOf(reply.Key, reply.AttemptId) == file.FullName
                )
                    replies.Add(reply);
                else
                    SetAside(file);
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
            _count--;
            _bytes -= length;
            // Not synced: a file that comes back after a power cut is judged by the store again and found to be old.
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
            // A full disk, a folder that is gone, a read-only file system: the caller still holds the reply.
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
            // It is removed when the spool is opened next; it was never promised.
        }
    }

    private void SetAside(FileInfo file)
    {
        var length = file.Length;
        file.MoveTo(file.FullName + ".corrupt", overwrite: true);
        _count--;
        _bytes -= length;
        Corrupt(file.Name);
    }

    private IEnumerable<FileInfo> Files() => new DirectoryInfo(_folder).EnumerateFiles("*" + Extension);

    // A digest, because a user id may hold anything a file name may not.
    private string PathOf(AccountKey key, string attemptId) =>
        Path.Combine(
            _folder,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key + "\n" + attemptId)).AsSpan(0, 16))
                + Extension
        );

    [LoggerMessage(
        LogLevel.Error,
        "The reply spool is full ({Count} replies, {Bytes} bytes); a refresh reply is not kept on disk"
    )]
    private partial void Full(int count, long bytes);

    [LoggerMessage(LogLevel.Error, "The disk refused a refresh reply ({Error})")]
    private partial void Refused(string error);

    [LoggerMessage(LogLevel.Error, "A spooled reply cannot be read and is set aside as {File}")]
    private partial void Corrupt(string file);
}
