using System.Collections.Immutable;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>The context for checking parts of a pack: its hosts and its parameters.</summary>
internal sealed class PackScope
{
    public required string Id { get; init; }

    public required ImmutableArray<string> Hosts { get; init; }

    public required ImmutableSortedDictionary<string, PackParameter> Parameters { get; init; }

    public required bool DevelopmentOnly { get; init; }

    /// <summary>For templates that are expanded from the credential alone.</summary>
    public PackScope WithoutParameters =>
        new()
        {
            Id = Id,
            Hosts = Hosts,
            DevelopmentOnly = DevelopmentOnly,
            Parameters = ImmutableSortedDictionary<string, PackParameter>.Empty,
        };

    /// <summary>
    /// Reads a URL; <paramref name="variables"/> are allowed in it in addition to the pack's parameters.
    /// </summary>
    public UrlTemplate? Url(
        PackNode node,
        string name,
        bool required = false,
        bool relative = false,
        IReadOnlySet<string>? variables = null
    )
    {
        if (node.Text(name, required) is not { } text)
            return null;
        if (!UrlTemplate.TryParse(text, out var template, out var fault))
        {
            node.Fault(name, fault);
            return null;
        }

        foreach (var place in template.Variables)
        {
            if (!Parameters.ContainsKey(place) && variables?.Contains(place) != true)
                node.Fault(
                    name,
                    $"has the variable '{{{place}}}', which is neither a parameter of the pack nor mapped from "
                        + "the input"
                );
        }

        if (template.IsRelative)
        {
            if (!relative)
                node.Fault(name, "must be absolute: begin with https://");
            else if (text.StartsWith("//", StringComparison.Ordinal))
                node.Fault(name, "begins with two slashes, which would name another host");
            return template;
        }

        if (template.OriginVariables.Any(place => !Parameters.ContainsKey(place)))
        {
            if (
                template.OriginVariables.All(place =>
                    Parameters.ContainsKey(place) || variables?.Contains(place) == true
                )
            )
                node.Fault(
                    name,
                    "takes its host from the tool's input; a host may only come from a parameter with a pattern"
                );
            return template;
        }

        CheckOrigin(node, name, template);
        return template;
    }

    /// <summary>
    /// Checks the origin with each parameter's example (and default): the hosts must cover what the pattern is meant to
    /// allow.
    /// </summary>
    private void CheckOrigin(PackNode node, string name, UrlTemplate template)
    {
        foreach (var place in template.OriginVariables)
        {
            if (Parameters[place].Example is null)
            {
                node.Fault(
                    name,
                    $"has '{{{place}}}' in its host; give that parameter an 'example', so that the host can be checked"
                );
                return;
            }
        }

        CheckExpanded(place => Parameters.TryGetValue(place, out var p) ? p.Example ?? "x" : "x");
        if (template.OriginVariables.Any(place => Parameters[place].Default is not null))
            CheckExpanded(place => Parameters.TryGetValue(place, out var p) ? p.Default ?? p.Example ?? "x" : "x");

        void CheckExpanded(Func<string, string?> value)
        {
            var expanded = template.Expand(value, out _);
            if (expanded is null || !Uri.TryCreate(expanded, UriKind.Absolute, out var uri))
            {
                node.Fault(name, $"'{expanded ?? template.Source}' is not a URL");
                return;
            }

            var host = HostRules.Canonical(uri, DevelopmentOnly, out var fault);
            if (host is null)
                node.Fault(name, $"'{expanded}' {fault}");
            else if (!HostRules.Covers(Hosts, host))
                node.Fault(name, $"the host '{host}' is not covered by hosts");
        }
    }
}
