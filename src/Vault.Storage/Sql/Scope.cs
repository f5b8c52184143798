using Vault.Core.Identity;

namespace Vault.Storage.Sql;

/// <summary>
/// The owner of the rows a statement may see. On PostgreSQL it becomes the setting <c>vault.organization</c> of the
/// statement's transaction, and the row-level security policies compare it with every row: a statement with a forgotten
/// <c>where</c> still shows no row of another organization. SQLite has only the <c>where</c>.
/// </summary>
internal readonly record struct Scope
{
    /// <summary>
    /// The owner of rows that belong to no organization (platform keys). No organization's id can equal it.
    /// </summary>
    public const string PlatformOwner = "platform";

    private Scope(string? owner, string? lookup, string? argument) =>
        (Owner, Lookup, Argument) = (owner, lookup, argument);

    public string? Owner { get; }

    /// <summary>
    /// A database function that returns only the organization of a digest or key id, for requests whose organization is
    /// not known yet.
    /// </summary>
    public string? Lookup { get; }

    public string? Argument { get; }

    /// <summary>
    /// No organization: only for tables without tenant rows and for the database functions that read across
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
