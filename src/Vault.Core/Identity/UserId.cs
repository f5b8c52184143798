using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>
/// A person inside an organization, by the customer's own id; <c>service:&lt;name&gt;</c> stands for the organization
/// itself.
/// </summary>
public readonly record struct UserId
{
    public const int MaxLength = 256;
    public const string Rule = "1 to 256 characters, no control characters, no leading or trailing space";

    public UserId(string value) =>
        Value = IsValid(value) ? value : throw new ArgumentException("A user id has " + Rule + ".", nameof(value));

    public string Value { get; }

    public bool IsService => Value.StartsWith("service:", StringComparison.Ordinal);

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxLength }
        && !char.IsWhiteSpace(text[0])
        && !char.IsWhiteSpace(text[^1])
        && !text.Any(char.IsControl)
        && IsWellFormed(text);

    // Lone surrogates cannot be encoded as UTF-8: two different ids would collide on U+FFFD.
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }

        return true;
    }

    public override string ToString() => Value;
}
