using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Identity;

/// <summary>Randomness, supplied by the host: the operating system in production, a seed in simulation.</summary>
public interface IEntropy
{
    void Fill(Span<byte> destination);
}

/// <summary>
/// Prefixed, time-ordered ids: 48 bits of Unix milliseconds and 80 random bits, 26 characters of lower-case Crockford
/// base 32 (as a ULID).
/// </summary>
public sealed class IdFactory(TimeProvider time, IEntropy entropy)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Length = 26;
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    public OrganizationId NewOrganization() => new(New(OrganizationId.Prefix));

    public AccountId NewAccount() => new(New(AccountId.Prefix));

    public string NewExecution() => New("exe_");

    public string NewEvent() => New("evt_");

    public string NewConnection() => New("conn_");

    public string New(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        Span<byte> random = stackalloc byte[10];
        entropy.Fill(random);
        var high = (UInt128)(ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << 80;
        UInt128 low = 0;
        foreach (var b in random)
            low = (low << 8) | b;
        var value = high | low;
        return string.Create(prefix.Length + Length, (prefix, value), static (span, state) =>
        {
            state.prefix.CopyTo(span);
            var v = state.value;
            for (var i = span.Length - 1; i >= state.prefix.Length; i--)
            {
                span[i] = Alphabet[(int)(v & 31)];
                v >>= 5;
            }
        });
    }

    public static bool IsId([NotNullWhen(true)] string? text, string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return text is not null
            && text.Length == prefix.Length + Length
            && text.StartsWith(prefix, StringComparison.Ordinal)
            && text.AsSpan(prefix.Length).IndexOfAnyExcept(Letters) < 0;
    }

    internal static string Require(string text, string prefix) =>
        IsId(text, prefix) ? text : throw new ArgumentException($"Not an id of the form {prefix}….", nameof(text));
}
