using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>One sealed field of a row, with the context it was sealed in (built by the store from the row).</summary>
public sealed record SealedField(SealContext Context, SealedBlob Blob);

/// <summary>
/// A row with sealed fields.
/// </summary>
/// <param name="Cursor">Orders the rows of an organization over all tables; opaque to the job, never reused for another row.</param>
/// <param name="KeyVersion">The lowest key version among its fields.</param>
/// <param name="RowVersion">For compare-and-swap.</param>
/// <param name="Fields">Every sealed field of the row; all are written back together.</param>
public sealed record ResealRow(string Cursor, uint KeyVersion, long RowVersion, IReadOnlyList<SealedField> Fields);

/// <summary>
/// Every place where values of an organization are sealed, seen as one list. A store that adds a table with sealed fields adds it here, or rotation
/// would retire a key that is still needed.
/// </summary>
public interface IResealSource
{
    /// <summary>Rows with any field under a key version below <paramref name="below"/>, in cursor order, after <paramref name="after"/>; empty at the end.</summary>
    ValueTask<IReadOnlyList<ResealRow>> NextAsync(OrganizationId organization, uint below, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the sealed fields (same order as <c>row.Fields</c>), now all under <paramref name="keyVersion"/>, where the row version is still that of
    /// <paramref name="row"/>; the row version goes up by one. Touches nothing else: neither the generation nor any lifecycle state. False when the race was lost.
    /// </summary>
    ValueTask<bool> TryWriteAsync(OrganizationId organization, ResealRow row, uint keyVersion, IReadOnlyList<SealedBlob> fields, CancellationToken cancellationToken);

    /// <summary>Whether any row of the organization is still sealed under a version below <paramref name="below"/>.</summary>
    ValueTask<bool> AnyBelowAsync(OrganizationId organization, uint below, CancellationToken cancellationToken);
}
