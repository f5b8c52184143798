using System.Buffers.Text;
using System.Text;
using Vault.Core.Errors;

namespace Vault.Core.Persistence;

/// <summary>
/// The opaque cursor of a list that is paged by key: the last key of a page, bound to its list. It grants no access:
/// every page is read under the caller's organization, so even another tenant's cursor could not show a row of that
/// tenant.
/// </summary>
public static class PageCursor
{
    private const int MaxLength = 1024;

    /// <param name="list">The name of the list with its organization, for example <c>accounts/org_…</c>. It has no line
    /// break.</param>
    /// <param name="last">The key of the last item of the page.</param>
    public static string Encode(string list, string last) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{list}\n{last}"));

    /// <summary>The key after which the next page begins; null for the first page.</summary>
    /// <exception cref="InvalidCursorException">The cursor does not belong to this list.</exception>
    public static string? Decode(string list, string? cursor)
    {
        if (cursor is null)
            return null;
        if (cursor.Length is 0 or > MaxLength || !Base64Url.IsValid(cursor))
            throw new InvalidCursorException();
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (ArgumentException)
        {
            throw new InvalidCursorException();
        }

        var parts = text.Split('\n');
        return parts.Length == 2 && parts[0] == list && parts[1].Length > 0 && !parts[1].Contains('\0')
            ? parts[1]
            : throw new InvalidCursorException();
    }
}
