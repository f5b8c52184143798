using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Identity;
using Vault.Core.Templates;

namespace Vault.Core.Sealing;

/// <summary>
/// The place of a ciphertext. It is bound as associated data, so a blob moved to another row, field, generation or
/// organization cannot be decrypted (law 11). It is built from the row, never from the ciphertext.
/// <para>The functions below create the only contexts, one function for each sealed field. Writer, reader and key
/// rotation call the same function: with two spellings of one place, rotation could not decrypt the value. Stored data
/// depends on the result of each function, so it never changes.</para>
/// </summary>
public sealed record SealContext
{
    private static readonly byte[] Domain = "vault-seal-v1"u8.ToArray();

    private SealContext(
        OrganizationId organization,
        string row,
        string field,
        long generation = 1,
        Destinations? destinations = null
    )
    {
        if (organization.Value is null)
            throw new ArgumentException("A seal context needs its organization.", nameof(organization));
        ArgumentException.ThrowIfNullOrEmpty(row);
        ArgumentOutOfRangeException.ThrowIfNegative(generation);
        (Organization, Row, Field, Generation, Destinations) = (organization, row, field, generation, destinations);
    }

    /// <summary>The tenant of the row; the key is chosen from it.</summary>
    public OrganizationId Organization { get; }

    /// <summary>The row's own id.</summary>
    public string Row { get; }

    /// <summary>The field inside the row.</summary>
    public string Field { get; }

    /// <summary>
    /// The number of the value in this field: an older ciphertext that is put back cannot be decrypted. 1 for a field
    /// that is written once.
    /// </summary>
    public long Generation { get; }

    /// <summary>
    /// The origins that the value may be sent to; null for a value that is not a credential, or was sealed before
    /// credentials were bound. Unlike the other parts it is stored with the ciphertext: a writer who changes it there
    /// has
    /// changed the associated data, and the value cannot be decrypted.
    /// </summary>
    public Destinations? Destinations { get; }

    /// <summary>The same place, for a credential that may be sent to these origins only (law 10).</summary>
    public SealContext BoundTo(Destinations? destinations) => new(Organization, Row, Field, Generation, destinations);

    /// <summary>The tokens of a connected account.</summary>
    public static SealContext Grant(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "grant", generation);

    /// <summary>The details of a spooled reply. Only the spool's file holds them, no row.</summary>
    public static SealContext SpooledReply(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "spooled_reply", generation);

    /// <summary>The static credential of a connected account.</summary>
    public static SealContext Credential(OrganizationId organization, AccountId account, long generation) =>
        new(organization, account.Value, "credential", generation);

    /// <summary>The client secret of a connection.</summary>
    public static SealContext ClientSecret(OrganizationId organization, string connectionId, long generation) =>
        new(organization, connectionId, "client_secret", generation);

    /// <summary>The PKCE verifier, or the OAuth 1.0a token secret, of a pending consent.</summary>
    public static SealContext CodeVerifier(OrganizationId organization, string linkId) =>
        new(organization, linkId, "code_verifier");

    /// <summary>The full text of a truncated output.</summary>
    public static SealContext Output(OrganizationId organization, string executionId) =>
        new(organization, executionId, "output");

    /// <summary>The input of a call that waits for an approval.</summary>
    public static SealContext ApprovalArguments(OrganizationId organization, string approvalId) =>
        new(organization, approvalId, "approval_arguments");

    /// <summary>
    /// The stored response of a request with an <c>Idempotency-Key</c>. No scope contains a line break, so different
    /// pairs never map to the same row.
    /// </summary>
    public static SealContext IdempotentResponse(OrganizationId organization, string scope, string key) =>
        new(
            organization,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scope + "\n" + key))),
            "idempotent_answer"
        );

    /// <summary>
    /// A page token. It is held by the caller and not in a row, so rotation does not re-seal it.
    /// </summary>
    public static SealContext PageToken(OrganizationId organization, AccountId account) =>
        new(organization, account.Value, "page_token");

    /// <summary>
    /// The associated data: domain, format, then every part with its length in front. Two different contexts never
    /// encode to the same bytes: each variable part has a length prefix, and the other parts have a fixed width.
    /// </summary>
    /// <param name="format">The blob's format.</param>
    /// <param name="keyVersion">The version of the organization's key that seals the blob.</param>
    /// <param name="destinations">The digest of the origins the value is bound to; empty for none, which only the
    /// format without origins has.</param>
    internal byte[] ToAssociatedData(byte format, uint keyVersion, ReadOnlySpan<byte> destinations)
    {
        var organization = Encoding.UTF8.GetByteCount(Organization.Value);
        var row = Encoding.UTF8.GetByteCount(Row);
        var field = Encoding.UTF8.GetByteCount(Field);
        var data = new byte[
            Domain.Length
                + 1
                + (3 * sizeof(uint))
                + organization
                + row
                + field
                + sizeof(long)
                + sizeof(uint)
                + destinations.Length
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
        destinations.CopyTo(rest[(sizeof(long) + sizeof(uint))..]);
        return data;
    }

    private static Span<byte> Put(Span<byte> to, string text, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        Encoding.UTF8.GetBytes(text, to[sizeof(uint)..]);
        return to[(sizeof(uint) + length)..];
    }
}
