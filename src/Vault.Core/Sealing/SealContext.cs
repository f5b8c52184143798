using System.Buffers.Binary;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Where a ciphertext belongs: bound as associated data, so that a blob moved to another row, field, generation or organization does not open
/// (law 11). Always built from the row that is read or written, never from the ciphertext.
/// </summary>
public sealed record SealContext
{
    private static readonly byte[] Domain = "vault-seal-v1"u8.ToArray();

    /// <param name="organization">The tenant of the row; the key is chosen from it.</param>
    /// <param name="row">The row's own id (an account id, a connection id, …).</param>
    /// <param name="field">The field inside the row, for example <c>grant</c> or <c>client_secret</c>.</param>
    /// <param name="generation">Counts rotations of this field: an older ciphertext put back does not open. 0 where a field has none.</param>
    /// <param name="keyVersion">The version of the organization's key that the row names.</param>
    public SealContext(OrganizationId organization, string row, string field, long generation, uint keyVersion)
    {
        if (organization.Value is null) throw new ArgumentException("A seal context needs its organization.", nameof(organization));
        ArgumentException.ThrowIfNullOrEmpty(row);
        ArgumentException.ThrowIfNullOrEmpty(field);
        ArgumentOutOfRangeException.ThrowIfNegative(generation);
        if (keyVersion == 0) throw new ArgumentOutOfRangeException(nameof(keyVersion), "Key versions start at 1.");
        (Organization, Row, Field, Generation, KeyVersion) = (organization, row, field, generation, keyVersion);
    }

    public OrganizationId Organization { get; }

    public string Row { get; }

    public string Field { get; }

    public long Generation { get; }

    public uint KeyVersion { get; }

    /// <summary>The same place under another version of the organization's key.</summary>
    public SealContext Under(uint keyVersion) => new(Organization, Row, Field, Generation, keyVersion);

    /// <summary>
    /// The associated data: domain, format, then every part with its length in front. Two different contexts never encode to the same bytes,
    /// because each variable part is preceded by its length and the rest has a fixed width.
    /// </summary>
    internal byte[] ToAssociatedData(byte format)
    {
        var organization = Encoding.UTF8.GetByteCount(Organization.Value);
        var row = Encoding.UTF8.GetByteCount(Row);
        var field = Encoding.UTF8.GetByteCount(Field);
        var data = new byte[Domain.Length + 1 + (3 * sizeof(uint)) + organization + row + field + sizeof(long) + sizeof(uint)];
        var rest = data.AsSpan();
        Domain.CopyTo(rest);
        rest[Domain.Length] = format;
        rest = rest[(Domain.Length + 1)..];
        rest = Put(rest, Organization.Value, organization);
        rest = Put(rest, Row, row);
        rest = Put(rest, Field, field);
        BinaryPrimitives.WriteInt64BigEndian(rest, Generation);
        BinaryPrimitives.WriteUInt32BigEndian(rest[sizeof(long)..], KeyVersion);
        return data;
    }

    private static Span<byte> Put(Span<byte> to, string text, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        Encoding.UTF8.GetBytes(text, to[sizeof(uint)..]);
        return to[(sizeof(uint) + length)..];
    }
}
