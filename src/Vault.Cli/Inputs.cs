using System.Text;

namespace Vault.Cli;

/// <summary>Reads text from a file or from standard input; the latter is meant for secrets.</summary>
internal static class Inputs
{
    public static async Task<byte[]> BytesAsync(
        CliConsole console,
        string file,
        long max,
        CancellationToken cancellationToken
    )
    {
        await using var stream = file == "-" ? console.In : Open(file);
        if (file != "-" && stream.Length > max)
            throw new CliException($"{file} has more than {max} bytes");
        using var bytes = new MemoryStream(file == "-" ? 0 : (int)stream.Length);
        await stream.CopyToAsync(bytes, cancellationToken);
        if (bytes.Length > max)
            throw new CliException($"the input has more than {max} bytes");
        return bytes.Length == bytes.Capacity ? bytes.GetBuffer() : bytes.ToArray();
    }

    public static async Task<string> TextAsync(CliConsole console, string file, CancellationToken cancellationToken) =>
        Encoding
            .UTF8.GetString(await BytesAsync(console, file, 64 * 1024 * 1024, cancellationToken))
            .TrimStart('\uFEFF');

    private static FileStream Open(string file) =>
        File.Exists(file)
            ? File.OpenRead(file)
            : throw new CliException($"there is no file '{file}'", VaultCommand.Usage);
}
