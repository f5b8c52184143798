using Vault.Core.Templates;

namespace Vault.Providers.Classification;

/// <summary>
/// Extracts short error codes for people. A provider's text is untrusted: only strings that look like a code pass, so a
/// token that the provider echoes in an error does not.
/// </summary>
internal static class FailureCode
{
    private const int MaxLength = 64;

    // AADSTS700082 has 1 change, InvalidAuthenticationToken 2; 32 random hexadecimal digits have about 15, 43 random
    // characters of base64url about 18.
    private const int MaxChanges = 5;

    public static string? Clean(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
            return null;
        return
            text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':') && Changes(text) <= MaxChanges
            ? text
            : null;
    }

    /// <summary>
    /// Counts the changes between letters and digits and from lower case to upper case: few in a code, many in a token.
    /// </summary>
    private static int Changes(string text)
    {
        var (changes, before) = (0, '_');
        foreach (var c in text.Where(char.IsAsciiLetterOrDigit))
        {
            var turned =
                (char.IsAsciiLetter(before) && char.IsAsciiDigit(c))
                || (char.IsAsciiDigit(before) && char.IsAsciiLetter(c))
                || (char.IsAsciiLetterLower(before) && char.IsAsciiLetterUpper(c));
            if (turned)
                changes++;
            before = c;
        }

        return changes;
    }

    public static string Status(int status) =>
        "http_" + status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public static string? First(ProviderResponse response, IEnumerable<ValuePath> paths) =>
        paths.Select(path => Clean(path.TextIn(response.Body))).FirstOrDefault(code => code is not null);
}
