using System.Collections.Immutable;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Upstream;

namespace Vault.Providers.Packs;

/// <summary>Reads the <c>api</c>, <c>credentials</c> and <c>parameters</c> parts.</summary>
internal static class ApiReading
{
    public static ImmutableSortedDictionary<string, PackParameter> Parameters(PackNode pack)
    {
        var parameters = ImmutableSortedDictionary.CreateBuilder<string, PackParameter>(StringComparer.Ordinal);
        foreach (var (name, value, at) in pack.Members("parameters"))
        {
            if (!UrlTemplate.IsName(name))
                pack.Faults.Add(at, "is not a name of letters, digits and '_'");
            if (value.ValueKind != System.Text.Json.JsonValueKind.Object)
            {
                pack.Faults.Add(at, "must be an object");
                continue;
            }

            var node = new PackNode(value, at, pack.Faults);
            var source = node.Choice("source", ParameterSource.Connection, PackKeywords.Sources, required: true);
            var pattern = Pattern(node, "pattern", required: true);
            var (required, standard, example, description) = (
                node.Flag("required"),
                node.Text("default"),
                node.Text("example"),
                node.Text("description")
            );
            var (from, values) = (node.Text("from"), node.TextMap("values"));
            node.Done();
            if (pattern is null)
                continue;
            var parameter = new PackParameter(source, pattern, required, standard, example, description)
            {
                From = from,
                Values = values,
            };
            if ((from is null) != values.IsEmpty)
                node.Fault("from", "and values belong together");
            foreach (var (key, text) in values.Where(v => !parameter.Accepts(v.Value)))
                node.Fault("values", $"'{text}' for '{key}' does not fit the pattern {pattern}");
            if (standard is not null && !parameter.Accepts(standard))
                node.Fault("default", $"'{standard}' does not fit the pattern {pattern}");
            if (example is not null && !parameter.Accepts(example))
                node.Fault("example", $"'{example}' does not fit the pattern {pattern}");
            parameters[name] = parameter;
        }

        foreach (var (name, parameter) in parameters.Where(p => p.Value.From is not null))
        {
            if (!parameters.TryGetValue(parameter.From!, out var other) || other.From is not null)
                pack.Faults.Add(
                    $"{pack.At("parameters")}/{name}/from",
                    $"'{parameter.From}' is not a parameter of the pack with a value of its own"
                );
        }

        return parameters.ToImmutable();
    }

    public static ImmutableSortedDictionary<AuthMode, CredentialShape> Credentials(
        PackNode pack,
        ImmutableArray<AuthMode> modes
    )
    {
        var shapes = ImmutableSortedDictionary.CreateBuilder<AuthMode, CredentialShape>();
        foreach (var (name, value, at) in pack.Members("credentials"))
        {
            if (
                !PackKeywords.Modes.TryGetValue(name, out var mode)
                || mode == AuthMode.AuthorizationCode
                || !modes.Contains(mode)
            )
            {
                pack.Faults.Add(at, $"'{name}' is not one of this pack's auth_modes that take a credential");
                continue;
            }

            if (value.ValueKind != System.Text.Json.JsonValueKind.Object)
            {
                pack.Faults.Add(at, "must be an object of fields");
                continue;
            }

            var fields = ImmutableSortedDictionary.CreateBuilder<string, CredentialField>(StringComparer.Ordinal);
            foreach (var member in value.EnumerateObject())
            {
                var fieldAt = $"{at}/{LineIndex.Escape(member.Name)}";
                if (!UrlTemplate.IsName(member.Name))
                    pack.Faults.Add(fieldAt, "is not a name of letters, digits and '_'");
                if (member.Value.ValueKind != System.Text.Json.JsonValueKind.Object)
                {
                    pack.Faults.Add(fieldAt, "must be an object");
                    continue;
                }

                var node = new PackNode(member.Value, fieldAt, pack.Faults);
                var field = new CredentialField(
                    node.Text("label", required: true) ?? member.Name,
                    Pattern(node, "pattern"),
                    node.Flag("required", true),
                    node.Flag("multiline"),
                    node.Text("description")
                );
                node.Done();
                fields[member.Name] = field;
            }

            if (mode == AuthMode.Basic && !(fields.ContainsKey("username") && fields.ContainsKey("password")))
                pack.Faults.Add(at, "basic needs the fields 'username' and 'password'");
            shapes[mode] = new CredentialShape(fields.ToImmutable());
        }

        foreach (var mode in modes)
        {
            if (
                mode is AuthMode.ApiKey or AuthMode.Basic or AuthMode.JwtBearer or AuthMode.AppInstallation
                && !shapes.ContainsKey(mode)
            )
                pack.Fault("credentials", $"has no fields for {PackKeywords.Modes.First(m => m.Value == mode).Key}");
        }

        return shapes.ToImmutable();
    }

    public static ApiShape Api(
        PackNode pack,
        PackScope scope,
        ImmutableArray<AuthMode> modes,
        ImmutableSortedDictionary<AuthMode, CredentialShape> credentials
    )
    {
        var node = pack.Object("api", required: true);
        if (node is null)
            return new ApiShape { BaseUrl = UrlTemplate.Parse("https://invalid") };
        var url = scope.Url(node, "base_url", required: true);
        if (url is not null && (url.Source.EndsWith('/') || url.Source.Contains('?', StringComparison.Ordinal)))
            node.Fault("base_url", "must end without '/' and hold no query; tool URLs begin with '/'");
        var auth = ImmutableArray.CreateBuilder<ApiCredential>();
        foreach (var item in node.Objects("auth"))
            auth.AddRange(Credential(item, scope, modes, credentials));
        if (auth.Count == 0)
            node.Fault("auth", "is empty: calls would have no credential");
        foreach (var mode in modes)
        {
            var yields = mode is not (AuthMode.ApiKey or AuthMode.Basic);
            if (auth.Count > 0 && !auth.Any(a => a.Mode == mode || (yields && a.Mode is null)))
                node.Fault("auth", $"says nothing for {PackKeywords.Modes.First(m => m.Value == mode).Key}");
        }

        var paths = ImmutableArray.CreateBuilder<ValuePath>();
        foreach (var (text, at) in node.TextsWithPlace("error_code"))
        {
            if (ValuePath.TryParse(text, out var path))
                paths.Add(path);
            else
                pack.Faults.Add(at, $"'{text}' is not a path");
        }

        var api = new ApiShape
        {
            BaseUrl = url ?? UrlTemplate.Parse("https://invalid"),
            Auth = auth.ToImmutable(),
            Headers = HeaderReading.Headers(node, "headers", scope),
            ErrorWhen = RuleReading.BodyMatches(node, "error_when"),
            ErrorCode = paths.ToImmutable(),
        };
        node.Done();
        return api;
    }

    public static string? Pattern(PackNode node, string name, bool required = false)
    {
        if (node.Text(name, required) is not { } pattern)
            return null;
        if (pattern[0] != '^' || pattern[^1] != '$')
            node.Fault(name, "must be anchored: begin with '^' and end with '$'");
        try
        {
            PackParameter.Anchored(pattern);
            return pattern;
        }
        catch (ArgumentException e)
        {
            node.Fault(name, "is not a usable pattern: " + e.Message.Split('\n')[0]);
            return null;
        }
    }

    private static IEnumerable<ApiCredential> Credential(
        PackNode node,
        PackScope scope,
        ImmutableArray<AuthMode> modes,
        ImmutableSortedDictionary<AuthMode, CredentialShape> credentials
    )
    {
        var place = node.Choice("in", CredentialPlace.Header, PackKeywords.CredentialPlaces, required: true);
        var name = node.Text("name", required: true);
        var value = node.Text("value", required: true);
        AuthMode? mode = node.Has("mode") ? node.Choice("mode", AuthMode.AuthorizationCode, PackKeywords.Modes) : null;
        node.Done();
        if (mode is { } given && !modes.Contains(given))
            node.Fault("mode", "is not among auth_modes");
        if (name is null || value is null)
            yield break;
        if (place == CredentialPlace.Header && HeaderReading.Fault(name, credential: true) is { } fault)
            node.Fault("name", fault);
        string[] variables = mode is AuthMode.ApiKey or AuthMode.Basic
            ?
            [
                .. credentials.TryGetValue(mode.Value, out var shape) ? shape.Fields.Keys : [],
                .. mode == AuthMode.Basic ? ["basic"] : Array.Empty<string>(),
            ]
            : ["access_token", "token_type"];
        HeaderReading.CheckTemplate(node, "value", value, scope.WithoutParameters, variables);
        if (place == CredentialPlace.OAuth1)
        {
            if (name is not ("HMAC-SHA256" or "HMAC-SHA1"))
                node.Fault("name", $"is '{name}'; with 'oauth1' it is the signature method, HMAC-SHA256 or HMAC-SHA1");
            string[] fields = mode is { } m && credentials.TryGetValue(m, out var own) ? [.. own.Fields.Keys] : [];
            foreach (var field in OAuth1Signature.Fields.Except(fields))
                node.Fault("in", $"is 'oauth1', which needs the credential field '{field}'");
        }

        if (place == CredentialPlace.Query && mode is not AuthMode.ApiKey)
            node.Fault("in", "is 'query', which is for API keys only: a token in a URL ends up in logs (RFC 6750 5.3)");
        yield return new ApiCredential(place, name, value, mode);
    }
}
