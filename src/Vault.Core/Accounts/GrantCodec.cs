using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// The plaintext that is sealed for a grant or a static credential: format (1 byte) | kind (1 byte) | count (1 byte) |
/// pairs of name and value, each preceded by its length (4 bytes, big-endian). It is binary, because JSON would put
/// secrets into strings, which cannot be zeroed. The caller zeroes the encoded array after sealing.
/// </summary>
public static class GrantCodec
{
    private const byte Format = 1;
    private const byte Grant = 1;
    private const byte Credential = 2;
    private const string Access = "access_token";
    private const string Refresh = "refresh_token";
    private const string Type = "token_type";
    private const string Mode = "#mode";

    public static byte[] Encode(GrantTokens secrets)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        using var type = Secret.From(secrets.TokenType);
        return secrets.RefreshToken is { } refresh
            ? Encode(Grant, [new(Access, secrets.AccessToken), new(Refresh, refresh), new(Type, type)])
            : Encode(Grant, [new(Access, secrets.AccessToken), new(Type, type)]);
    }

    public static byte[] Encode(StaticCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        using var mode = Secret.From(credential.Mode.ToString());
        return Encode(Credential, [new(Mode, mode), .. credential.Fields]);
    }

    /// <exception cref="FormatException">The bytes are not a grant. Decryption authenticates them, so this is a
    /// bug.</exception>
    public static GrantTokens DecodeGrant(ReadOnlySpan<byte> plaintext)
    {
        var fields = Decode(plaintext, Grant);
        if (!fields.Remove(Access, out var access))
            throw new FormatException("A sealed grant has no access token.");
        fields.Remove(Refresh, out var refresh);

        // Always written, and last: a plaintext that is cut after an earlier field is detected.
        if (!fields.Remove(Type, out var type))
            throw new FormatException("A sealed grant has no token type.");
        using (type)
            return new GrantTokens
            {
                AccessToken = access,
                RefreshToken = refresh,
                TokenType = type.RevealText(),
            };
    }

    /// <exception cref="FormatException">The bytes are not a credential. Decryption authenticates them, so this is a
    /// bug.</exception>
    public static StaticCredential DecodeCredential(ReadOnlySpan<byte> plaintext)
    {
        var fields = Decode(plaintext, Credential);
        if (!fields.Remove(Mode, out var mode) || !Enum.TryParse<AuthMode>(mode.RevealText(), out var parsed))
            throw new FormatException("A sealed credential has no mode.");
        return new StaticCredential
        {
            Mode = parsed,
            Fields = fields.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    private static byte[] Encode(byte kind, IReadOnlyList<KeyValuePair<string, Secret>> fields)
    {
        var length = 3;
        foreach (var (name, value) in fields)
            length += (2 * sizeof(int)) + Encoding.UTF8.GetByteCount(name) + value.Reveal().Length;
        // Allocated once at its exact size: a buffer that grows would leave copies of secrets in memory.
        var data = new byte[length];
        (data[0], data[1], data[2]) = (Format, kind, checked((byte)fields.Count));
        var rest = data.AsSpan(3);
        foreach (var (name, value) in fields)
        {
            rest = Put(rest, Encoding.UTF8.GetBytes(name));
            rest = Put(rest, value.Reveal());
        }

        return data;
    }

    private static Span<byte> Put(Span<byte> to, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, bytes.Length);
        bytes.CopyTo(to[sizeof(int)..]);
        return to[(sizeof(int) + bytes.Length)..];
    }

    private static Dictionary<string, Secret> Decode(ReadOnlySpan<byte> data, byte kind)
    {
        if (data.Length < 3 || data[0] != Format || data[1] != kind)
            throw new FormatException("The sealed content is of another format or kind.");
        var fields = new Dictionary<string, Secret>(StringComparer.Ordinal);
        var rest = data[3..];
        for (var left = data[2]; left > 0; left--)
        {
            var name = Encoding.UTF8.GetString(Take(ref rest));
            fields[name] = Secret.Own(Take(ref rest).ToArray());
        }

        return rest.IsEmpty ? fields : throw new FormatException("The sealed content has bytes after its end.");
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < sizeof(int))
            throw new FormatException("The sealed content is truncated.");
        var length = BinaryPrimitives.ReadInt32BigEndian(rest);
        if (length < 0 || length > rest.Length - sizeof(int))
            throw new FormatException("The sealed content is truncated.");
        var taken = rest.Slice(sizeof(int), length);
        rest = rest[(sizeof(int) + length)..];
        return taken;
    }
}
