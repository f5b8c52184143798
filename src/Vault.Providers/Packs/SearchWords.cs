namespace Vault.Providers.Packs;

/// <summary>
/// Splits a text into index words: lower case, letters and digits, without a plural 's', so that "message" finds
/// "messages".
/// </summary>
internal static class SearchWords
{
    public const int MaxWord = 64;

    public static Enumerator Of(ReadOnlySpan<char> text, Span<char> buffer) => new(text, buffer);

    /// <summary>Writes each word into the buffer, where the next word overwrites it; no allocations.</summary>
    public ref struct Enumerator(ReadOnlySpan<char> text, Span<char> buffer)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private readonly Span<char> _buffer = buffer[..MaxWord];
        private int _at;

        public ReadOnlySpan<char> Current { get; private set; } = default;

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_at < _text.Length && !char.IsLetterOrDigit(_text[_at]))
                _at++;
            if (_at == _text.Length)
                return false;
            var length = 0;
            for (; _at < _text.Length && char.IsLetterOrDigit(_text[_at]); _at++)
            {
                // A longer word is cut, in queries and in the index alike.
                if (length < MaxWord)
                    _buffer[length++] = char.ToLowerInvariant(_text[_at]);
            }

            if (length > 3 && _buffer[length - 1] == 's' && _buffer[length - 2] != 's')
                length--;
            Current = _buffer[..length];
            return true;
        }
    }
}
