using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Vault.Host.Options;
using Vault.Storage.Spool;

namespace Vault.Host.Composition;

/// <summary>
/// The master key on disk: one line, base64 of 32 bytes, readable by its owner only. No key, no start; never plaintext
/// (law 11).
/// </summary>
public static class MasterKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads it; makes it once where <paramref name="mayGenerate"/>. The caller zeroes the bytes.</summary>
    /// <exception cref="StartException">Not there, a symbolic link, another user's, unreadable by us, readable by others,
    /// or not a key.</exception>
    public static byte[] Read(string path, bool mayGenerate)
    {
        if (mayGenerate && !File.Exists(path))
            Generate(path);
        string text;
        try
        {
            using var file = File.OpenHandle(path);
            FileOwner.Require(path, file);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & ~OwnerOnly) != 0)
                throw new StartException($"The master key file {path} can be read by others; run: chmod 600 {path}");
            using var stream = new FileStream(file, FileAccess.Read);
            using var reader = new StreamReader(stream);
            text = reader.ReadToEnd().Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The master key file {path} cannot be read: {e.Message}");
        }

        var key = new byte[32];
        if (text.Length != 44 || !Convert.TryFromBase64String(text, key, out var length) || length != 32)
            throw new StartException(
                $"The master key file {path} does not hold the base64 of 32 bytes. Make one with: head -c 32 /dev/urandom | base64 > {path}"
            );
        return key;
    }

    private static void Generate(string path)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);

            // Written whole under another name and then given its own without overwriting: of two hosts that start at
            // once, one makes the file and both read the same whole key. The mode is set at creation, never after.
            var draft = path + "." + Guid.NewGuid().ToString("N");
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
            };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using (var stream = new FileStream(draft, options))
            {
                stream.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"));
                stream.Flush(flushToDisk: true);
            }

            try
            {
                Claim(draft, path);
                FolderSync.Sync(Path.GetDirectoryName(path)!);
            }
            finally
            {
                File.Delete(draft);
            }
        }
        catch (IOException) when (File.Exists(path)) { }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The master key file {path} cannot be written: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    // link(2) never replaces. File.Move does on Unix: it looks whether the name is free and then renames, so of two
    // hosts that start at once the second would overwrite the key under which the first has begun to seal.
    private static void Claim(string draft, string path)
    {
        if (OperatingSystem.IsWindows())
            File.Move(draft, path, overwrite: false);
        else if (Link(draft, path) != 0)
            throw new IOException(
                $"The name could not be given to it (error {Marshal.GetLastPInvokeError()}); if the file system has no hard links, make the file yourself: head -c 32 /dev/urandom | base64"
            );
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string from,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string to
    );
}
