using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>The tenant: the root of identity. Every key, row, route and log line derives from it.</summary>
public readonly record struct OrganizationId
{
    public const string Prefix = "org_";

    public OrganizationId(string value) => Value = IdFactory.Require(value, Prefix);

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out OrganizationId id)
    {
        id = default;
        if (!IdFactory.IsId(text, Prefix)) return false;
        id = new OrganizationId(text);
        return true;
    }

    public override string ToString() => Value;
}

/// <summary>A connected account's own id, <c>ca_…</c>; it survives reconnects.</summary>
public readonly record struct AccountId
{
    public const string Prefix = "ca_";

    public AccountId(string value) => Value = IdFactory.Require(value, Prefix);

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out AccountId id)
    {
        id = default;
        if (!IdFactory.IsId(text, Prefix)) return false;
        id = new AccountId(text);
        return true;
    }

    public override string ToString() => Value;
}

/// <summary>A person inside an organization, by the customer's own id; <c>service:&lt;name&gt;</c> stands for the organization itself.</summary>
public readonly record struct UserId
{
    public const int MaxLength = 256;
    public const string Rule = "1 to 256 characters, no control characters, no leading or trailing space";

    public UserId(string value) => Value = IsValid(value) ? value : throw new ArgumentException("A user id has " + Rule + ".", nameof(value));

    public string Value { get; }

    public bool IsService => Value.StartsWith("service:", StringComparison.Ordinal);

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxLength } && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1])
        && !text.Any(char.IsControl) && IsWellFormed(text);

    // Lone surrogates cannot be stored as UTF-8 and would make two different ids collide on U+FFFD.
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) return false;
        }

        return true;
    }

    public override string ToString() => Value;
}

/// <summary>A connection's name, unique in its organization; defaults to the provider id.</summary>
public readonly record struct ConnectionName
{
    public const string Rule = "1 to 64 characters of a-z, 0-9, '-' and '_', starting with a letter or digit";

    public ConnectionName(string value) => Value = IsValid(value) ? value : throw new ArgumentException("A connection name has " + Rule + ".", nameof(value));

    public string Value { get; }

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= 64 } && text[0] is not ('-' or '_')
        && text.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-' or '_');

    public override string ToString() => Value;
}
