using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>One sealed field of a row with its context. The store builds the context from the row.</summary>
public sealed record SealedField(SealContext Context, SealedBlob Blob);

/// <summary>
/// A row with sealed fields.
/// </summary>
/// <param name="Cursor">The position among the organization's rows of all tables; opaque to the job, never reused for
/// another row.</param>
/// <param name="Name">The kind and id of the row, for people; contains no value that an API caller chose.</param>
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

/// <param name="Row">The row as it was read.</param>
/// <param name="Fields">The fields under the new key, in the order of <c>Row.Fields</c>.</param>
public sealed record ResealedRow(ResealRow Row, IReadOnlyList<SealedBlob> Fields);

/// <summary>
/// Lists all sealed values of an organization. A store that adds a table with sealed fields must add it here;
/// otherwise rotation would retire a key that is still needed.
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
    /// In one transaction, replaces the sealed fields of each row, now all under <paramref name="keyVersion"/>, if the
    /// row version is still the one that was read, and increments the row version. Does not change the generation or
    /// any lifecycle state. Each row has its own compare-and-swap: the result has one entry per row in the order of
    /// <paramref name="rows"/>, false for a lost race.
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
