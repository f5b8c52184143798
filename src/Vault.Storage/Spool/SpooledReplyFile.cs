using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Storage.Spool;

/// <summary>
/// The content of one file: a line with the format and the SHA-256 of the rest, then JSON. The digest detects a
/// truncated or damaged file. The seals of the grant and of the proof detect a deliberate
/// change.
/// </summary>
internal static class SpooledReplyFile
{
    private const string Format = "vault-reply-2";

    // Without proof; its tokens still count.
    private const string FormerFormat = "vault-reply-1";

    public static byte[] Write(SpooledReply reply)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new Content
            {
                Account = reply.Key.ToString(),
                AccountId = reply.Account.Value,
                AttemptId = reply.AttemptId,
                Generation = reply.Generation,
                KeyVersion = reply.Grant.KeyVersion,
                Grant = reply.Grant.Bytes.ToArray(),
                Facts = reply.Facts,
                Scopes = reply.Scopes,
                SpooledAt = reply.SpooledAt,
                ProofKeyVersion = reply.Proof?.KeyVersion,
                Proof = reply.Proof?.Bytes.ToArray(),
            }
        );
        return [.. Header(Format, body), .. body];
    }

    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out SpooledReply? reply)
    {
        reply = null;
        var end = file.IndexOf((byte)'\n');
        if (end < 0)
            return false;
        var header = file[..(end + 1)];
        var body = file[(end + 1)..];
        if (!header.SequenceEqual(Header(Format, body)) && !header.SequenceEqual(Header(FormerFormat, body)))
            return false;
        try
        {
            var content = JsonSerializer.Deserialize<Content>(body)!;
            reply = new SpooledReply(
                AccountKey.Parse(content.Account),
                new AccountId(content.AccountId),
                content.AttemptId,
                content.Generation,
                new SealedBlob(content.KeyVersion, content.Grant),
                content.Facts,
                content.Scopes,
                content.SpooledAt,
                content is { ProofKeyVersion: { } version, Proof: { } proof } ? new SealedBlob(version, proof) : null
            );
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            return false;
        }
    }

    private static byte[] Header(string format, ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes($"{format} {Convert.ToHexStringLower(SHA256.HashData(body))}\n");

    private sealed record Content
    {
        public required string Account { get; init; }

        public required string AccountId { get; init; }

        public required string AttemptId { get; init; }

        public required long Generation { get; init; }

        public required uint KeyVersion { get; init; }

        public required byte[] Grant { get; init; }

        public required GrantFacts Facts { get; init; }

        public IReadOnlyList<string>? Scopes { get; init; }

        public required DateTimeOffset SpooledAt { get; init; }

        public uint? ProofKeyVersion { get; init; }

        public byte[]? Proof { get; init; }
    }
}
