using Vault.Core.Packs;

namespace Vault.Providers.Judgement;

/// <summary>Short codes for people. A provider's text is a stranger's: only what looks like a code passes, so that no token echoed in an error can.</summary>
internal static class FailureCode
{
    private const int MaxLength = 64;

    public static string? Clean(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength) return null;
        return text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':') ? text : null;
    }

    public static string Status(int status) => "http_" + status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public static string? First(Answer answer, IEnumerable<ValuePath> paths) =>
        paths.Select(path => Clean(path.TextIn(answer.Body))).FirstOrDefault(code => code is not null);
}
