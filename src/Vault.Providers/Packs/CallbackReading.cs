using System.Collections.Immutable;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>
/// Reads the <c>oauth.callback</c> part: parameters that the browser brings. They are untrusted, so they may only set
/// captured parameters with a pattern.
/// </summary>
internal static class CallbackReading
{
    private static readonly string[] Owned = ["state", "error", "iss"];

    public static CallbackShape? Read(PackNode oauth, PackScope scope)
    {
        var node = oauth.Object("callback");
        if (node is null)
            return null;
        var code = node.Text("code") ?? "code";
        if (!IsParameter(code) || Owned.Contains(code))
            node.Fault("code", $"'{code}' cannot be the parameter with the code");
        var capture = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, from) in node.TextMap("capture"))
        {
            var at = $"{node.At("capture")}/{LineIndex.Escape(name)}";
            if (!scope.Parameters.TryGetValue(name, out var parameter) || parameter.Source != ParameterSource.Captured)
                node.Faults.Add(
                    at,
                    "is not a parameter of the pack with source 'captured'; only checked values of a callback are "
                        + "stored"
                );
            if (!IsParameter(from) || from == code || Owned.Contains(from))
                node.Faults.Add(at, $"'{from}' is not a query parameter that a provider could add");
            capture[name] = from;
        }

        var expect = node.TextMap("expect");
        foreach (var (name, template) in expect)
        {
            if (!IsParameter(name) || name == code || Owned.Contains(name))
                node.Faults.Add(
                    $"{node.At("expect")}/{LineIndex.Escape(name)}",
                    "is not a query parameter that a provider could add"
                );
            HeaderReading.CheckTemplate(node, "expect/" + name, template, scope, "client_id");
        }

        var signature = node.Text("signature");
        if (signature is not null && (!IsParameter(signature) || signature == code || Owned.Contains(signature)))
            node.Fault("signature", $"'{signature}' is not a query parameter that a provider could add");
        node.Done();
        return new CallbackShape
        {
            Code = code,
            Capture = capture.ToImmutable(),
            Expect = expect,
            Signature = signature,
        };
    }

    private static bool IsParameter(string name) =>
        name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
