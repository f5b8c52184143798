using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>
/// The key of a connected account: <c>orgId/userId/connection[/label]</c>. It cannot be constructed without its
/// organization, so no lookup, cache key or grain key can omit the tenant (law 1).
/// </summary>
public sealed record AccountKey
{
    public AccountKey(OrganizationId organization, UserId user, ConnectionName connection, string label = "")
    {
        if (organization.Value is null)
            throw new ArgumentException("An account key needs its organization.", nameof(organization));
        if (user.Value is null)
            throw new ArgumentException("An account key needs its user.", nameof(user));
        if (connection.Value is null)
            throw new ArgumentException("An account key needs its connection.", nameof(connection));
        if (!IsValidLabel(label))
            throw new ArgumentException("An account label has " + LabelRule + ".", nameof(label));
        (Organization, User, Connection, Label) = (organization, user, connection, label);
    }

    public const string LabelRule = "at most 64 characters of a-z, 0-9, '-' and '_'";

    public OrganizationId Organization { get; }

    public UserId User { get; }

    public ConnectionName Connection { get; }

    /// <summary>Distinguishes several accounts of one user under one connection; empty by default.</summary>
    public string Label { get; }

    public static bool IsValidLabel([NotNullWhen(true)] string? label) => label is "" || ConnectionName.IsValid(label);

    /// <summary>The canonical form; the user part is percent-escaped, so the slashes are unambiguous.</summary>
    public override string ToString()
    {
        var text = $"{Organization.Value}/{Uri.EscapeDataString(User.Value)}/{Connection.Value}";
        return Label.Length == 0 ? text : text + "/" + Label;
    }

    /// <summary>The inverse of <see cref="ToString"/>.</summary>
    /// <exception cref="FormatException">The text is not a canonical account key.</exception>
    public static AccountKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        if (parts.Length is not (3 or 4) || !OrganizationId.TryParse(parts[0], out var organization))
            throw new FormatException("Not an account key.");
        var user = Uri.UnescapeDataString(parts[1]);
        var label = parts.Length == 4 ? parts[3] : "";
        if (!UserId.IsValid(user) || !ConnectionName.IsValid(parts[2]) || !IsValidLabel(label))
            throw new FormatException("Not an account key.");
        var key = new AccountKey(organization, new UserId(user), new ConnectionName(parts[2]), label);
        // Each key has exactly one spelling: a second one would activate a second grain for the same account.
        return key.ToString() == text ? key : throw new FormatException("Not a canonical account key.");
    }
}
