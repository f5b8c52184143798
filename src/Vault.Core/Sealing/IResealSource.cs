using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>One sealed field of a row, with the context it was sealed in (built by the store from the row).</summary>
public sealed record SealedField(SealContext Context, SealedBlob Blob);

/// <summary>
/// A row with sealed fields.
/// </summary>
/// <param name="Cursor">Orders the rows of an organization over all tables; opaque to the job, never reused for another
/// row.</param>
/// <param name="Name">What kind of row it is and its id, for people; nothing that a caller of the API chose.</param>
/// <param name="KeyVersion">The lowest key version among its fields.</param>
/// <param name="RowVersion">For compare-and-swap.</param>
/// <param name="Fields">Every sealed field of the row; all are written back together.</param>
public sealed record ResealRow(
    string Cursor,
    string Name,
    uint KeyVersion,
    long RowVersion,
    IReadOnlyList<SealedField> Fields
);

/// <param name="Row">As it was read.</param>
/// <param name="Fields">Its fields under the new key, in the order of <c>Row.Fields</c>.</param>
public sealed record ResealedRow(ResealRow Row, IReadOnlyList<SealedBlob> Fields);

/// <summary>
/// Every place where values of an organization are sealed, seen as one list. A store that adds a table with sealed
/// fields adds it here, or rotation would retire a key that is still needed.
/// </summary>
public interface IResealSource
{
    /// <summary>
    /// Rows with any field under a key version below <paramref name="below"/>, in cursor order, after
    /// <paramref name="after"/>; empty at the end.
    /// </summary>
    ValueTask<IReadOnlyList<ResealRow>> NextAsync(
        OrganizationId organization,
        uint below,
        string? after,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// In one transaction, replaces the sealed fields of each row, now all under <paramref name="keyVersion"/>, where
    /// the row version is still the one that was read; the row version goes up by one. Touches nothing else: neither
    /// the generation nor any lifecycle state. Each row is judged by itself; false where the race was lost, in the
    /// order of <paramref name="rows"/>.
    /// </summary>
    ValueTask<IReadOnlyList<bool>> WriteAsync(
        OrganizationId organization,
        uint keyVersion,
        IReadOnlyList<ResealedRow> rows,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Whether any row of the organization is still sealed under a version below <paramref name="below"/>.
    /// </summary>
    ValueTask<bool> AnyBelowAsync(OrganizationId organization, uint below, CancellationToken cancellationToken);
}
