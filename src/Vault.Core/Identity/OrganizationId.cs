using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>The tenant: the root of identity. Every key, row, route and log line derives from it.</summary>
public readonly record struct OrganizationId
{
    public const string Prefix = "org_";

    public OrganizationId(string value) => Value = IdFactory.Require(value, Prefix);

    /// <summary>
    /// The owner of the platform's own ledger. Its time is zero, so no <see cref="IdFactory"/> makes this id, and no
    /// organization has it.
    /// </summary>
    public static OrganizationId Platform { get; } = new(Prefix + new string('0', 26));

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out OrganizationId id)
    {
        id = default;
        if (!IdFactory.IsId(text, Prefix))
            return false;
        id = new OrganizationId(text);
        return true;
    }

    public override string ToString() => Value;
}
