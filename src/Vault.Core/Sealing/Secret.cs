using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Core.Sealing;

/// <summary>
/// A credential in memory. It prints <c>[secret]</c>, cannot be serialized, and has no conversions and no value
/// equality. A convention test lists the few files that may call <see cref="Reveal"/> (law 2). Disposing zeroes the
/// bytes.
/// </summary>
[DebuggerDisplay("[secret]")]
[JsonConverter(typeof(Refusal))]
public sealed class Secret : IDisposable
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly byte[] _utf8;
    private bool _disposed;

    private Secret(byte[] utf8) => _utf8 = utf8;

    /// <summary>Takes ownership of the array: the caller must not keep or change it.</summary>
    public static Secret Own(byte[] utf8)
    {
        ArgumentNullException.ThrowIfNull(utf8);
        return new Secret(utf8);
    }

    public static Secret From(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Secret(Encoding.UTF8.GetBytes(text));
    }

    public ReadOnlySpan<byte> Reveal() => _disposed ? throw new ObjectDisposedException(nameof(Secret)) : _utf8;

    public string RevealText() => Encoding.UTF8.GetString(Reveal());

    /// <summary>
    /// The last four characters behind an ellipsis, for people to tell tokens apart. A secret shorter than 20 characters
    /// shows nothing: it may have been made by a person, who is guessed more easily with its end.
    /// </summary>
    public string MaskedSuffix =>
        _disposed || _utf8.Length < 20 ? "…" : "…" + Encoding.ASCII.GetString(_utf8.AsSpan(^4)).Replace('?', '*');

    /// <summary>The same bytes with a lifetime of their own.</summary>
    public Secret Copy() => new([.. Reveal()]);

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_utf8);
    }

    public override string ToString() => "[secret]";

    /// <summary>Throws on read and write: a secret that reaches a serializer is a bug.</summary>
    public sealed class Refusal : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("A secret is never read by a serializer.");

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) =>
            throw new NotSupportedException("A secret is never serialized.");
    }
}
