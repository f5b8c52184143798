using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>A connection's name, unique in its organization; defaults to the provider id.</summary>
public readonly record struct ConnectionName
{
    public const string Rule = "1 to 64 characters of a-z, 0-9, '-' and '_', starting with a letter or digit";

    public ConnectionName(string value) =>
        Value = IsValid(value)
            ? value
            : throw new ArgumentException("A connection name has " + Rule + ".", nameof(value));

    public string Value { get; }

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= 64 }
        && text[0] is not ('-' or '_')
        && text.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-' or '_');

    public override string ToString() => Value;
}
