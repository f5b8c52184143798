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
/// truncated or damaged file. The seals of the grant and of the details detect a deliberate change.
/// </summary>
internal static class SpooledReplyFile
{
    private const string Format = "vault-reply-3";

    // Without sealed details; their tokens still count.
    private static readonly string[] FormerFormats = ["vault-reply-1", "vault-reply-2"];

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
                SpooledAt = reply.SpooledAt,
                DetailsKeyVersion = reply.Details?.KeyVersion,
                Details = reply.Details?.Bytes.ToArray(),
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
        var header = file[..(end + 1)].ToArray();
        var body = file[(end + 1)..].ToArray();
        if (!FormerFormats.Append(Format).Any(f => header.AsSpan().SequenceEqual(Header(f, body))))
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
                content is { DetailsKeyVersion: { } version, Details: { } details }
                    ? new SealedBlob(version, details)
                    : null,
                content.SpooledAt
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

        public required DateTimeOffset SpooledAt { get; init; }

        public uint? DetailsKeyVersion { get; init; }

        public byte[]? Details { get; init; }
    }
}
