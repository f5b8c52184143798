using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Accounts;

/// <summary>
/// Seals and opens the credentials of an account. The seal context comes from the row, never from the ciphertext (law
/// 11).
/// </summary>
public sealed class GrantSealing(Sealer sealer)
{
    /// <param name="destinations">The only origins that the tokens may be sent to.</param>
    public SealedBlob SealGrant(
        SealingKey key,
        AccountId account,
        long generation,
        GrantTokens grant,
        Destinations destinations
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destinations);
        var place = SealContext.Grant(key.Organization, account, generation);
        return Seal(key, place.BoundTo(destinations), GrantCodec.Encode(grant));
    }

    /// <inheritdoc cref="SealGrant"/>
    public SealedBlob SealCredential(
        SealingKey key,
        AccountId account,
        long generation,
        StaticCredential credential,
        Destinations destinations
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destinations);
        var place = SealContext.Credential(key.Organization, account, generation);
        return Seal(key, place.BoundTo(destinations), GrantCodec.Encode(credential));
    }

    /// <summary>
    /// The reply with its sealed details. They name the attempt and the digest of the grant, so details of one attempt
    /// do not fit another attempt of the same generation.
    /// </summary>
    public SpooledReply WithDetails(SealingKey key, SpooledReply reply, ReplyDetails details)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(reply);
        ArgumentNullException.ThrowIfNull(details);
        var content = new SealedDetails(
            AttemptOf(reply),
            details.Facts,
            details.Scopes,
            details.Parameters.ToDictionary(p => p.Key, p => p.Value)
        );
        return reply with { Details = Seal(key, PlaceOf(reply), JsonSerializer.SerializeToUtf8Bytes(content)) };
    }

    /// <summary>
    /// The details as a host sealed them. Null where there are none (a file of an earlier version) or they belong to
    /// another reply or were altered; an error when the key is not available now.
    /// </summary>
    public async ValueTask<Result<ReplyDetails?>> OpenDetailsAsync(
        SpooledReply reply,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Details is not { } blob)
            return (ReplyDetails?)null;
        try
        {
            var opened = await sealer.OpenAsync(blob, PlaceOf(reply), cancellationToken).ConfigureAwait(false);
            if (!opened.TryGet(out var plaintext, out var error))
                return error;
            using (plaintext)
                return
                    JsonSerializer.Deserialize<SealedDetails>(plaintext.Reveal()) is { } content
                    && content.Attempt == AttemptOf(reply)
                    ? new ReplyDetails(
                        content.Facts,
                        content.Scopes,
                        content.Parameters.ToImmutableSortedDictionary(StringComparer.Ordinal)
                    )
                    : null;
        }
        catch (Exception e) when (e is DecryptionFailedException or JsonException)
        {
            return (ReplyDetails?)null;
        }
    }

    private static SealContext PlaceOf(SpooledReply reply) =>
        SealContext.SpooledReply(reply.Key.Organization, reply.Account, reply.Generation);

    private static string AttemptOf(SpooledReply reply) =>
        $"{reply.AttemptId} {Convert.ToHexStringLower(SHA256.HashData(reply.Grant.Bytes.Span))}";

    private sealed record SealedDetails(
        string Attempt,
        GrantFacts Facts,
        IReadOnlyList<string>? Scopes,
        Dictionary<string, string> Parameters
    );

    /// <summary>Null when the row holds no grant.</summary>
    /// <exception cref="DecryptionFailedException">The row was tampered with.</exception>
    public async ValueTask<Result<GrantTokens?>> OpenGrantAsync(AccountRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Grant is not { } blob)
            return (GrantTokens?)null;
        var opened = await sealer
            .OpenAsync(blob, SealContext.Grant(row.Key.Organization, row.Id, row.State.Generation), cancellationToken)
            .ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error))
            return error;
        using (plaintext)
            return GrantCodec.DecodeGrant(plaintext.Reveal());
    }

    /// <summary>Null when the row holds no static credential.</summary>
    /// <exception cref="DecryptionFailedException">The row was tampered with.</exception>
    public async ValueTask<Result<StaticCredential?>> OpenCredentialAsync(
        AccountRow row,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Credential is not { } blob)
            return (StaticCredential?)null;
        var place = SealContext.Credential(row.Key.Organization, row.Id, row.CredentialGeneration);
        var opened = await sealer.OpenAsync(blob, place, cancellationToken).ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error))
            return error;
        using (plaintext)
            return GrantCodec.DecodeCredential(plaintext.Reveal());
    }

    private SealedBlob Seal(SealingKey key, SealContext place, byte[] plaintext)
    {
        try
        {
            return sealer.Seal(key, plaintext, place);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
