using Vault.Core.Identity;

namespace Vault.Storage.Sql;

/// <summary>
/// Whose rows a statement may see. On PostgreSQL it becomes the setting <c>vault.organization</c> of the statement's
/// own transaction, which the row-level security policies compare with every row: a forgotten <c>where</c> then shows
/// nothing of another organization. SQLite has only the <c>where</c>.
/// </summary>
internal readonly record struct Scope
{
    /// <summary>
    /// The value that owns what belongs to no organization (platform keys). No organization's id looks like it.
    /// </summary>
    public const string PlatformOwner = "platform";

    private Scope(string? owner, string? lookup, string? argument) =>
        (Owner, Lookup, Argument) = (owner, lookup, argument);

    public string? Owner { get; }

    /// <summary>
    /// A narrow database function that names the organization of a digest or key id, for a caller who shows it before
    /// anyone knows where it belongs.
    /// </summary>
    public string? Lookup { get; }

    public string? Argument { get; }

    /// <summary>
    /// No organization at all: only tables without tenant rows, and the database functions made for crossing
    /// organizations.
    /// </summary>
    public static Scope None => default;

    public static Scope Platform { get; } = new(PlatformOwner, null, null);

    public static Scope Of(OrganizationId organization) =>
        new(
            organization.Value
                ?? throw new ArgumentException("An operation needs its organization.", nameof(organization)),
            null,
            null
        );

    public static Scope Of(OrganizationId? organization) => organization is { } id ? Of(id) : Platform;

    public static Scope Of(string owner) => new(owner, null, null);

    public static Scope By(string lookup, string argument) => new(null, lookup, argument);
}
