namespace Vault.Providers.Packs;

/// <summary>
/// Cuts a text into the words that the index knows: lower case, letters and digits, a plural 's' dropped so that
/// "message" finds "messages".
/// </summary>
internal static class SearchWords
{
    public const int MaxWord = 64;

    public static Enumerator Of(ReadOnlySpan<char> text, Span<char> buffer) => new(text, buffer);

    /// <summary>Gives each word in the buffer, which the next word overwrites; nothing is allocated.</summary>
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
                // The rest of a longer word is not looked at, on either side.
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
