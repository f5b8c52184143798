using System.Security.Cryptography;
using System.Text;

namespace Vault.Providers.OAuth;

/// <summary>
/// A form body (application/x-www-form-urlencoded) written as bytes, so that secrets never become strings. When the
/// buffer grows, the old one is zeroed.
/// </summary>
internal sealed class FormBody
{
    private byte[] _buffer = new byte[1024];
    private int _length;

    public FormBody Add(string name, string value) => Add(name, Encoding.UTF8.GetBytes(value));

    public FormBody Add(string name, ReadOnlySpan<byte> value)
    {
        if (_length > 0)
            Append((byte)'&');
        Encode(Encoding.UTF8.GetBytes(name));
        Append((byte)'=');
        Encode(value);
        return this;
    }

    /// <summary>Returns the body; the writer is empty afterwards.</summary>
    public byte[] Take()
    {
        var body = _buffer.AsSpan(0, _length).ToArray();
        CryptographicOperations.ZeroMemory(_buffer);
        _length = 0;
        return body;
    }

    /// <summary>
    /// The encoding of RFC 6749 appendix B: unreserved characters stay, a space becomes '+', all others are
    /// percent-encoded.
    /// </summary>
    private void Encode(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'*')
                Append(b);
            else if (b == (byte)' ')
                Append((byte)'+');
            else
            {
                Append((byte)'%');
                Append((byte)char.ToUpperInvariant(Hex(b >> 4)));
                Append((byte)char.ToUpperInvariant(Hex(b & 15)));
            }
        }
    }

    private static char Hex(int digit) => "0123456789ABCDEF"[digit];

    private void Append(byte b)
    {
        if (_length == _buffer.Length)
        {
            var larger = new byte[_buffer.Length * 2];
            _buffer.CopyTo(larger, 0);
            CryptographicOperations.ZeroMemory(_buffer);
            _buffer = larger;
        }

        _buffer[_length++] = b;
    }
}
