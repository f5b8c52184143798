using System.Globalization;
using System.Text;
using Vault.Core.Sealing;
using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>
/// Writes an administrator's key to a file that only its user can read. A key on the terminal or in a container's
/// output would stay in scroll-back buffers, logs and their backups.
/// </summary>
public static class AdminKeyFile
{
    private const int MaxNames = 1000;

    /// <returns>The path, which is the given one or the first free one after it.</returns>
    /// <exception cref="StartException">The file cannot be written; the message says how to get another
    /// key.</exception>
    public static string Write(string path, Secret key)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            for (var n = 1; n <= MaxNames; n++)
            {
                var name = n == 1 ? path : path + "." + n.ToString(CultureInfo.InvariantCulture);
                if (!Path.Exists(name) && TryWrite(name, key))
                    return name;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(path, e.Message);
        }

        throw Failed(path, "there are too many of that name.");
    }

    private static bool TryWrite(string path, Secret key)
    {
        var options = new FileStreamOptions
        {
            // Created by this call only: no link that another user has placed is followed.
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        FileStream file;
        try
        {
            file = new FileStream(path, options);
        }
        catch (IOException) when (Path.Exists(path))
        {
            return false;
        }

        using (file)
        {
            file.Write(Encoding.ASCII.GetBytes(key.RevealText() + "\n"));
            file.Flush(flushToDisk: true);
        }

        return true;
    }

    private static StartException Failed(string path, string why) =>
        new(
            $"The administrator's key could not be written to {path}: {why} Set VAULT_ADMIN_KEY_FILE to a file that "
                + "can be written, and run 'vault-host keys recover' with the same options for another key."
        );
}
