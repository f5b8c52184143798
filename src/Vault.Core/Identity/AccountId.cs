using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>A connected account's own id, <c>ca_…</c>; it survives reconnects.</summary>
public readonly record struct AccountId
{
    public const string Prefix = "ca_";

    public AccountId(string value) => Value = IdFactory.Require(value, Prefix);

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out AccountId id)
    {
        id = default;
        if (!IdFactory.IsId(text, Prefix))
            return false;
        id = new AccountId(text);
        return true;
    }

    public override string ToString() => Value;
}
