using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;

namespace Vault.Providers.Classification;

/// <summary>
/// Reads a token response that is neither JSON nor declared as a form: a form under another content type, JSON within a
/// JSON string, or XML.
/// </summary>
internal static partial class TokenText
{
    public static JsonElement Parse(string text)
    {
        if (text.StartsWith('"'))
            return FromString(text);
        if (text.StartsWith('<'))
            return FromXml(text);
        return Form().IsMatch(text) ? ProviderResponse.FromForm(text) : default;
    }

    /// <summary>Text that begins with a name and "="; a sentence with '=' in it is none.</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9_.\-]+=[^\s<>]*(?:[&\r\n]|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    private static JsonElement FromString(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<string>(text) is { } inner && inner.TrimStart().StartsWith('{')
                ? JsonSerializer.Deserialize<JsonElement>(inner)
                : default;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>The leaf elements by their local names. Web pages have no access_token, so they are not
    /// taken.</summary>
    private static JsonElement FromXml(string text)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            // No DTD, so no entity can be expanded and nothing outside is read.
            using var reader = XmlReader.Create(
                new StringReader(text),
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }
            );
            var name = "";
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element)
                    name = reader.LocalName;
                else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && name.Length > 0)
                    leaves.TryAdd(name, reader.Value.Trim());
                else if (reader.NodeType == XmlNodeType.EndElement)
                    name = "";
            }
        }
        catch (XmlException)
        {
            return default;
        }

        return leaves.ContainsKey("access_token") || leaves.ContainsKey("error")
            ? JsonSerializer.SerializeToElement(leaves)
            : default;
    }
}
