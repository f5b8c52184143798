using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Where a ciphertext belongs: bound as associated data, so that a blob moved to another row, field, generation or
/// organization does not open (law 11). Always built from the row that is read or written, never from the ciphertext.
/// <para>The only contexts are those of the functions below, one for each sealed field. Writer, reader and key rotation
/// call the same function: two spellings of one place would leave a value that rotation cannot open. What a function
/// puts into the context is in stored data and never changes.</para>
/// </summary>
public sealed record SealContext
{
    private static readonly byte[] Domain = "vault-seal-v1"u8.ToArray();

    private SealContext(OrganizationId organization, string row, string field, long generation = 1)
    {
        if (organization.Value is null)
            throw new ArgumentException("A seal context needs its organization.", nameof(organization));
        ArgumentException.ThrowIfNullOrEmpty(row);
        ArgumentOutOfRangeException.ThrowIfNegative(generation);
        (Organization, Row, Field, Generation) = (organization, row, field, generation);
    }

    /// <summary>The tenant of the row; the key is chosen from it.</summary>
    public OrganizationId Organization { get; }

    /// <summary>The row's own id.</summary>
    public string Row { get; }

    /// <summary>The field inside the row.</summary>
    public string Field { get; }

    /// <summary>
    /// Counts the values of this field: an older ciphertext put back does not open. 1 where a field is written once.
    /// </summary>
    public long Generation { get; }

    /// <summary>The tokens of a connected account.</summary>
    public static SealContext Grant(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "grant", generation);

    /// <summary>The digest of what a spooled reply says beside its tokens. The spool's file holds it and no row
    /// does.</summary>
    public static SealContext SpooledReply(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "spooled_reply", generation);

    /// <summary>A connected account's own credential.</summary>
    public static SealContext Credential(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "credential", generation);

    /// <summary>The client secret of a connection.</summary>
    public static SealContext ClientSecret(OrganizationId organization, string connectionId, long generation) =>
        new(organization, connectionId, "client_secret", generation);

    /// <summary>The PKCE verifier, or the OAuth 1.0a token secret, of a consent under way.</summary>
    public static SealContext CodeVerifier(OrganizationId organization, string linkId) =>
        new(organization, linkId, "code_verifier");

    /// <summary>The whole of an output that was cut.</summary>
    public static SealContext Output(OrganizationId organization, string executionId) =>
        new(organization, executionId, "output");

    /// <summary>
    /// The kept answer of a request with an <c>Idempotency-Key</c>. No scope has a line break, so no two pairs are the
    /// same row.
    /// </summary>
    public static SealContext IdempotentResponse(OrganizationId organization, string scope, string key) =>
        new(
            organization,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scope + "\n" + key))),
            "idempotent_answer"
        );

    /// <summary>
    /// A page token. The caller holds it and no row does, so rotation leaves it under the key it has.
    /// </summary>
    public static SealContext PageToken(OrganizationId organization, AccountId account) =>
        new(organization, account.Value, "page_token");

    /// <summary>
    /// The associated data: domain, format, then every part with its length in front. Two different contexts never
    /// encode to the same bytes, because each variable part is preceded by its length and the rest has a fixed width.
    /// </summary>
    /// <param name="format">The blob's format.</param>
    /// <param name="keyVersion">The version of the organization's key it is sealed under.</param>
    internal byte[] ToAssociatedData(byte format, uint keyVersion)
    {
        var organization = Encoding.UTF8.GetByteCount(Organization.Value);
        var row = Encoding.UTF8.GetByteCount(Row);
        var field = Encoding.UTF8.GetByteCount(Field);
        var data = new byte[
            Domain.Length + 1 + (3 * sizeof(uint)) + organization + row + field + sizeof(long) + sizeof(uint)
        ];
        var rest = data.AsSpan();
        Domain.CopyTo(rest);
        rest[Domain.Length] = format;
        rest = rest[(Domain.Length + 1)..];
        rest = Put(rest, Organization.Value, organization);
        rest = Put(rest, Row, row);
        rest = Put(rest, Field, field);
        BinaryPrimitives.WriteInt64BigEndian(rest, Generation);
        BinaryPrimitives.WriteUInt32BigEndian(rest[sizeof(long)..], keyVersion);
        return data;
    }

    private static Span<byte> Put(Span<byte> to, string text, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        Encoding.UTF8.GetBytes(text, to[sizeof(uint)..]);
        return to[(sizeof(uint) + length)..];
    }
}
