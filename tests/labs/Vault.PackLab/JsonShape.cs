using System.Globalization;
using System.Text.Json.Nodes;
using Vault.Core.Templates;

namespace Vault.PackLab;

/// <summary>Builds a JSON body that holds given values at given paths: the reverse of reading one.</summary>
internal sealed class JsonShape
{
    private JsonNode _root = new JsonObject();

    /// <summary>Puts a value where the path's first alternative points; <c>*</c> and a number make an array.</summary>
    public JsonShape With(ValuePath path, JsonNode? value)
    {
        var segments = path.Segments;
        if (IsIndex(segments[0]) && _root is not JsonArray)
            _root = new JsonArray();
        var node = _root;
        for (var i = 0; i < segments.Length; i++)
        {
            var last = i == segments.Length - 1;
            JsonNode? Child() =>
                last ? value?.DeepClone()
                : IsIndex(segments[i + 1]) ? new JsonArray()
                : new JsonObject();
            if (node is JsonArray array)
            {
                var index = segments[i] == "*" ? 0 : int.Parse(segments[i], CultureInfo.InvariantCulture);
                while (array.Count <= index)
                    array.Add(array.Count == index ? Child() : new JsonObject());
                if (last)
                    array[index] = value?.DeepClone();
                node = array[index];
            }
            else
            {
                var members = (JsonObject)node!;
                if (last)
                    members[segments[i]] = value?.DeepClone();
                else if (!members.TryGetPropertyValue(segments[i], out var child) || child is null)
                    members[segments[i]] = Child();
                node = members[segments[i]];
            }
        }

        return this;
    }

    public string Text => _root.ToJsonString();

    private static bool IsIndex(string segment) =>
        segment == "*" || int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
