using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.OAuth;
using Vault.Core.Packs;

namespace Vault.Providers.Upstream;

/// <summary>
/// Replaces the credential of a call wherever the provider's response repeats it (law 2): debug and echo endpoints,
/// request logs, URLs of a provider that takes its key in the query. It knows each value raw, percent-encoded (RFC 3986
/// 2.1), in base64 with either alphabet (RFC 4648), and in any spelling of a JSON string (RFC 8259 7).
/// </summary>
/// <remarks>
/// A value under <see cref="MinLength"/> characters is not looked for: it would be found by accident. One of few places
/// that reveal secrets; the copies are overwritten by <see cref="Dispose"/>.
/// </remarks>
internal sealed class CredentialRedactor : IDisposable
{
    public const string Mark = "[credential]";

    public const int MinLength = 8;

    private static readonly byte[] MarkBytes = Encoding.ASCII.GetBytes(Mark);

    // What providers ask for as the password where the user name is the key.
    private static readonly string[] Placeholders = ["api_token", "anystring", "password"];

    private readonly List<byte[]> _needles = [];

    public CredentialRedactor(GrantTokens? grant, StaticCredential? credential)
    {
        // An account with a grant does not send its static credential.
        if (grant is not null)
        {
            Add(grant.AccessToken.Reveal());
            if (grant.RefreshToken is { } refresh)
                Add(refresh.Reveal());
        }
        else if (credential is { Mode: AuthMode.Basic })
        {
            AddBasic(credential);
        }
        else if (credential is not null)
        {
            foreach (var (name, value) in credential.Fields)
                // The account's id in a signature (RFC 5849 3.5.1), which is no secret.
                if (name != "realm")
                    Add(value.Reveal());
        }

        // A shorter form may be part of a longer one.
        _needles.Sort((a, b) => b.Length.CompareTo(a.Length));
    }

    /// <summary>
    /// How many bytes behind a cut must be known as well, so that no part of a value that the cut divides stays.
    /// </summary>
    public int Overlap => _needles.Count == 0 ? 0 : _needles[0].Length - 1;

    /// <summary>Whether anything was replaced.</summary>
    public bool Replaced { get; private set; }

    /// <summary>The same array where nothing is replaced, which is the ordinary case: one search for each
    /// form.</summary>
    public byte[] Redact(byte[] bytes)
    {
        foreach (var needle in _needles)
            bytes = Replace(bytes, needle);
        return bytes;
    }

    /// <summary>Masks in place, byte for byte, so that a length that was announced stays true.</summary>
    public void Mask(Span<byte> bytes)
    {
        foreach (var needle in _needles)
        {
            for (var rest = bytes; rest.IndexOf(needle) is var at and >= 0; )
            {
                Replaced = true;
                var found = rest.Slice(at, needle.Length);
                found.Fill((byte)'*');
                if (needle.Length >= MarkBytes.Length)
                    MarkBytes.CopyTo(found);
                rest = rest[(at + needle.Length)..];
            }
        }
    }

    /// <summary>How many bytes at the end may be the beginning of a value whose rest is still to come.</summary>
    public int BeginsAtEnd(ReadOnlySpan<byte> bytes)
    {
        var longest = 0;
        foreach (var needle in _needles)
        {
            for (var length = Math.Min(needle.Length - 1, bytes.Length); length > longest; length--)
                if (bytes[^length..].SequenceEqual(needle.AsSpan(0, length)))
                    longest = length;
        }

        return longest;
    }

    public string? Redact(string? text)
    {
        if (string.IsNullOrEmpty(text) || _needles.Count == 0)
            return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        var redacted = Redact(bytes);
        return ReferenceEquals(redacted, bytes) ? text : Encoding.UTF8.GetString(redacted);
    }

    /// <summary>
    /// For text that is JSON, after <see cref="Redact(byte[])"/>: a string with an escape may say the value in another
    /// spelling (<c>\/</c>, <c>\u0073</c>). Text that turns out to be no JSON is left as it is from there on.
    /// </summary>
    public byte[] RedactJson(byte[] json)
    {
        if (_needles.Count == 0 || !json.AsSpan().Contains((byte)'\\'))
            return json;
        ArrayBufferWriter<byte>? result = null;
        var copied = 0;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1_000 });
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                    continue;
                if (!reader.ValueIsEscaped)
                    continue;
                var value = Encoding.UTF8.GetBytes(reader.GetString()!);
                var redacted = Redact(value);
                if (ReferenceEquals(redacted, value))
                    continue;
                var start = (int)reader.TokenStartIndex;
                result ??= new ArrayBufferWriter<byte>(json.Length);
                result.Write(json.AsSpan(copied, start - copied));
                result.Write(JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(redacted)));

                // The quotes are not part of the value.
                copied = start + reader.ValueSpan.Length + 2;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Cut or malformed, or half of a surrogate pair: what stands before it has been searched.
        }

        if (result is null)
            return json;
        result.Write(json.AsSpan(copied));
        return result.WrittenSpan.ToArray();
    }

    public void Dispose()
    {
        foreach (var needle in _needles)
            CryptographicOperations.ZeroMemory(needle);
    }

    // RFC 7617. A user name identifies an account, and responses may name it, unless there is no password: then it is
    // the key.
    private void AddBasic(StaticCredential credential)
    {
        var user = credential.Fields.TryGetValue("username", out var name) ? name.Reveal() : [];
        var password = credential.Fields.TryGetValue("password", out var given) ? given.Reveal() : [];
        Add([.. user, (byte)':', .. password], onlyBase64: true);
        if (IsSecret(password))
            Add(password);
        else
            Add(user);
    }

    private static bool IsSecret(ReadOnlySpan<byte> password)
    {
        foreach (var placeholder in Placeholders)
            if (password.SequenceEqual(Encoding.ASCII.GetBytes(placeholder)))
                return false;
        return password.Length >= MinLength;
    }

    private void Add(ReadOnlySpan<byte> value, bool onlyBase64 = false)
    {
        if (value.Length < MinLength)
            return;
        var base64 = Convert.ToBase64String(value).TrimEnd('=');
        AddForm(Encoding.ASCII.GetBytes(base64));
        AddForm(Encoding.ASCII.GetBytes(base64.Replace('+', '-').Replace('/', '_')));
        if (onlyBase64)
            return;
        AddForm(value.ToArray());
        var percent = Uri.EscapeDataString(Encoding.UTF8.GetString(value));
        AddForm(Encoding.ASCII.GetBytes(percent));
        AddForm(Encoding.ASCII.GetBytes(LowerHex(percent)));
        // As many JSON writers spell a slash; a stream is not parsed.
        if (value.Contains((byte)'/'))
            AddForm(
                Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value).Replace("/", "\\/", StringComparison.Ordinal))
            );
    }

    private void AddForm(byte[] form)
    {
        if (!_needles.Exists(n => n.AsSpan().SequenceEqual(form)))
            _needles.Add(form);
    }

    private static string LowerHex(string percent)
    {
        var text = percent.ToCharArray();
        for (var i = 0; i + 2 < text.Length; i++)
            if (text[i] == '%')
                (text[i + 1], text[i + 2]) = (char.ToLowerInvariant(text[i + 1]), char.ToLowerInvariant(text[i + 2]));
        return new string(text);
    }

    private byte[] Replace(byte[] bytes, byte[] needle)
    {
        var at = bytes.AsSpan().IndexOf(needle);
        if (at < 0)
            return bytes;
        Replaced = true;
        var result = new ArrayBufferWriter<byte>(bytes.Length);
        var rest = bytes.AsSpan();
        for (; at >= 0; at = rest.IndexOf(needle))
        {
            result.Write(rest[..at]);
            result.Write(MarkBytes);
            rest = rest[(at + needle.Length)..];
        }

        result.Write(rest);
        return result.WrittenSpan.ToArray();
    }
}
