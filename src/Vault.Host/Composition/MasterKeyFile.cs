using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Vault.Host.Options;
using Vault.Storage.Spool;

namespace Vault.Host.Composition;

/// <summary>
/// The master key on disk: one line, base64 of 32 bytes, readable only by its owner. Without a key the host does not
/// start; it never falls back to plaintext (law 11).
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
                $"The master key file {path} does not contain the base64 of 32 bytes. Create one with: head -c 32 "
                    + $"/dev/urandom | base64 > {path}"
            );
        return key;
    }

    private static void Generate(string path)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);

            // Written completely under a temporary name and then linked to the final name without overwriting: if two
            // hosts start at once, one creates the file and both read the same complete key. The mode is set at
            // creation.
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

    // link(2) never replaces a file. File.Move checks and then renames on Unix, so of two hosts that start at once the
    // second could overwrite the key that the first already uses.
    private static void Claim(string draft, string path)
    {
        if (OperatingSystem.IsWindows())
            File.Move(draft, path, overwrite: false);
        else if (Link(draft, path) != 0)
            throw new IOException(
                $"It could not be linked to its name (error {Marshal.GetLastPInvokeError()}); if the file system "
                    + "has no hard links, create the file yourself: head -c 32 /dev/urandom | base64"
            );
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string from,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string to
    );
}
