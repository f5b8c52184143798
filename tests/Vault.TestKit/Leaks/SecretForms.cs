using System.Text;

namespace Vault.TestKit.Leaks;

/// <summary>
/// Secrets in all forms in which they could leak: plain text (also as UTF-16), base64 and base64url at any alignment,
/// URL-encoded, JSON-escaped.
/// </summary>
public sealed class SecretForms
{
    private readonly List<(string Form, byte[] Mark)> _marks = [];

    public SecretForms(params IEnumerable<string> secrets)
    {
        foreach (var secret in secrets)
            _marks.AddRange(FormsOf(secret).Select(f => (f.Key, f.Value)));
    }

    /// <summary>All forms by name.</summary>
    public static IReadOnlyDictionary<string, byte[]> FormsOf(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var forms = new Dictionary<string, byte[]>
        {
            ["plain"] = Encoding.UTF8.GetBytes(secret),
            ["UTF-16"] = Encoding.Unicode.GetBytes(secret),
            ["JSON-escaped"] = Encoding.UTF8.GetBytes(string.Concat(secret.Select(c => $"\\u{(int)c:x4}"))),
            ["URL-encoded"] = Encoding.ASCII.GetBytes(
                string.Concat(Encoding.UTF8.GetBytes(secret).Select(b => $"%{b:X2}"))
            ),
        };
        if (Uri.EscapeDataString(secret) is var escaped && escaped != secret)
            forms["URL-encoded where needed"] = Encoding.ASCII.GetBytes(escaped);
        for (var shift = 0; shift < 3; shift++)
        {
            var text = Base64Core(secret, shift);
            forms[$"base64 at {shift}"] = Encoding.ASCII.GetBytes(text);
            forms[$"base64url at {shift}"] = Encoding.ASCII.GetBytes(text.Replace('+', '-').Replace('/', '_'));
        }

        return forms;
    }

    public bool AreIn(ReadOnlySpan<byte> where) => FirstIn(where) is not null;

    /// <summary>The form and position of the first secret found; null when none is found.</summary>
    public (string Form, int At)? FirstIn(ReadOnlySpan<byte> where)
    {
        foreach (var (form, mark) in _marks)
            if (where.IndexOf(mark) is >= 0 and var at)
                return (form, at);
        return null;
    }

    public bool AreIn(string where) => AreIn(Encoding.UTF8.GetBytes(where));

    // The part of the base64 text that depends only on the secret, not on the bytes before and after it.
    private static string Base64Core(string secret, int shift)
    {
        var bytes = new byte[shift + Encoding.UTF8.GetByteCount(secret)];
        Encoding.UTF8.GetBytes(secret, bytes.AsSpan(shift));
        var text = Convert.ToBase64String(bytes).TrimEnd('=');
        return text[(shift == 0 ? 0 : 4)..^1];
    }
}
