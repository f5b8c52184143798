using System.Globalization;

namespace Vault.Core.Accounts;

/// <summary>
/// The end of a holder's name: <c>/{folder}.{number}</c>, the data folder that the process has locked, and how many
/// processes have had it so far. A holder without it has no folder that another process could take over.
/// </summary>
public readonly record struct DataFolderHolder(string Folder, long Number)
{
    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>0 for text that is no number: it settles nothing.</summary>
    public static long Read(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public static DataFolderHolder? Of(string holder)
    {
        ArgumentNullException.ThrowIfNull(holder);
        var last = holder[(holder.LastIndexOf('/') + 1)..];
        var dot = last.LastIndexOf('.');
        return dot > 0 && last.Length < holder.Length && Read(last[(dot + 1)..]) is > 0 and var number
            ? new DataFolderHolder(last[..dot], number)
            : null;
    }

    public override string ToString() => $"{Folder}.{Text(Number)}";
}
