using System.Text.Json;

namespace Vault.Providers.Upstream;

/// <summary>
/// Truncates JSON to a size and keeps it valid: the longest prefix that ends after a complete value, plus the closing
/// brackets. So trailing items and members are dropped, and the rest stays as the provider sent it.
/// </summary>
internal static class JsonCut
{
    /// <param name="json">Complete JSON, or its beginning.</param>
    /// <returns>Valid JSON of at most <paramref name="cap"/> bytes; empty if not even the outermost brackets fit or it
    /// is not JSON.</returns>
    public static byte[] Cut(ReadOnlySpan<byte> json, int cap)
    {
        var reader = new Utf8JsonReader(
            json,
            isFinalBlock: false,
            new JsonReaderState(new JsonReaderOptions { MaxDepth = 64 })
        );
        var open = new List<byte>();
        var (best, closers, changed) = (0, Array.Empty<byte>(), false);
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        continue;
                    case JsonTokenType.StartObject:
                        open.Add((byte)'}');
                        changed = true;
                        break;
                    case JsonTokenType.StartArray:
                        open.Add((byte)']');
                        changed = true;
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        open.RemoveAt(open.Count - 1);
                        changed = true;
                        break;
                }

                var end = (int)reader.BytesConsumed;
                if (end + open.Count > cap)
                    break;
                best = end;
                if (changed)
                    (closers, changed) = ([.. open], false);
                if (open.Count == 0)
                    break;
            }
        }
        catch (JsonException)
        {
            // An incomplete tail: keep the complete values before it.
        }

        if (best == 0)
            return [];
        var result = new byte[best + closers.Length];
        json[..best].CopyTo(result);
        for (var i = 0; i < closers.Length; i++)
            result[best + i] = closers[closers.Length - 1 - i];
        return result;
    }
}
