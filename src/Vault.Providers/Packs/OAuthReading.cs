using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>Reads the <c>oauth</c>, <c>assertion</c>, <c>refresh</c> and <c>revocation</c> parts.</summary>
internal static class OAuthReading
{
    private static readonly string[] OwnedParameters =
    [
        "response_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "state",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "refresh_token",
        "assertion",
    ];

    /// <summary>
    /// The client id may be part of the path of a call about the client's grants (GitHub); it is not secret.
    /// </summary>
    private static readonly FrozenSet<string> ClientVariables = new[] { "client_id" }.ToFrozenSet(
        StringComparer.Ordinal
    );

    public static OAuthShape? OAuth(PackNode pack, PackScope scope, ImmutableArray<AuthMode> modes)
    {
        var needed = modes.Any(m =>
            m is AuthMode.AuthorizationCode or AuthMode.ClientCredentials or AuthMode.AppInstallation
            || (m == AuthMode.JwtBearer && !UsesSelfSignedToken(pack))
        );
        var node = pack.Object("oauth", required: needed);
        if (node is null)
            return null;
        if (!needed)
            pack.Fault("oauth", "is unused: auth_modes has no mode that yields tokens");
        var authorization = scope.Url(node, "authorization_url", required: modes.Contains(AuthMode.AuthorizationCode));
        var token = scope.Url(node, "token_url", required: true);
        var shape = new OAuthShape
        {
            AuthorizationUrl = authorization,
            TokenUrl = token ?? UrlTemplate.Parse("https://invalid/"),
            RefreshUrl = scope.Url(node, "refresh_url"),
            Issuer = scope.Url(node, "issuer"),
            IssuerRequired = node.Flag("iss_required"),
            ClientAuth = node.Choice("client_auth", ClientAuthentication.Basic, PackKeywords.ClientAuth),
            RequestFormat = node.Choice("request_format", BodyFormat.Form, PackKeywords.TokenFormats),
            Pkce = node.Choice("pkce", true, PackKeywords.Pkce),
            ScopeSeparator = Separator(node),
            ScopeParameter = node.Text("scope_parameter") ?? "scope",
            AuthorizationParameters = Parameters(node, "authorization_parameters", scope),
            TokenParameters = Parameters(node, "token_parameters", scope),
            RefreshParameters = Parameters(node, "refresh_parameters", scope),
            TokenHeaders = HeaderReading.Headers(node, "token_headers", scope),
            Answer = Answer(node, scope),
            Callback = CallbackReading.Read(node, scope),
        };
        if (shape.IssuerRequired && shape.Issuer is null)
            node.Fault("iss_required", "is set without an issuer to compare with");
        if (authorization is not null && !modes.Contains(AuthMode.AuthorizationCode))
            node.Fault("authorization_url", "is given, but auth_modes has no authorization_code");
        node.Done();
        return shape;
    }

    public static RefreshPolicy Refresh(PackNode pack, ImmutableArray<AuthMode> modes)
    {
        var node = pack.Object("refresh", required: true);
        if (node is null)
            return new RefreshPolicy { Rotation = Rotation.Mints };
        var rotation = node.Choice("rotation", Rotation.Mints, PackKeywords.Rotations, required: true);
        var grace = node.Seconds("grace_s");
        if (rotation == Rotation.Grace && grace is null && !node.Has("grace_s"))
            node.Fault(
                "grace_s",
                "is missing: rotation 'grace' needs the seconds for which the previous token still works"
            );
        if (rotation != Rotation.Grace && grace is not null)
            node.Fault("grace_s", "applies only to rotation 'grace'");
        if (rotation == Rotation.Mints && modes.Contains(AuthMode.AuthorizationCode))
            node.Fault(
                "rotation",
                "is 'mints', but authorization_code uses refresh tokens; use never, grace, single_use or family_kill"
            );
        var kills = node.Choice("reuse_kills", ReuseKills.Unknown, PackKeywords.ReuseKills);
        var source = node.Text("source");
        if (kills != ReuseKills.Unknown && source is null && !node.Has("source"))
            node.Fault("source", "is missing: reuse_kills needs the page or thread that says so, or must be 'unknown'");
        if (node.Has("reuse_kills") && rotation is Rotation.Never or Rotation.Mints)
            node.Fault("reuse_kills", "applies only where a refresh token is used up (grace, single_use, family_kill)");
        if (rotation == Rotation.SingleUse && kills is ReuseKills.Family or ReuseKills.User or ReuseKills.Client)
            node.Fault(
                "reuse_kills",
                "contradicts rotation 'single_use', which presents a token again at once; use family_kill"
            );
        if (rotation == Rotation.FamilyKill && kills == ReuseKills.Nothing)
            node.Fault("reuse_kills", "is 'nothing', which contradicts rotation 'family_kill'; use single_use");
        var policy = new RefreshPolicy
        {
            Rotation = rotation,
            ReuseKills = kills,
            Source = source,
            Grace = grace ?? TimeSpan.Zero,
            Margin = node.Seconds("margin_s") ?? TimeSpan.FromMinutes(5),
            AccessLifetime = node.Seconds("access_lifetime_s"),
            IdleLifetime = node.Seconds("idle_lifetime_s"),
            AbsoluteLifetime = node.Seconds("absolute_lifetime_s"),
            Parallelism = node.Integer("parallelism", 1) ?? 16,
        };
        if (policy.AccessLifetime is { } life && policy.Margin >= life)
            node.Fault("margin_s", "is not less than access_lifetime_s: every token would be due at once");
        node.Text("notes");
        node.Done();
        return policy;
    }

    public static AssertionShape? Assertion(
        PackNode pack,
        PackScope scope,
        ImmutableArray<AuthMode> modes,
        ImmutableSortedDictionary<AuthMode, CredentialShape> credentials
    )
    {
        var mode = modes.Contains(AuthMode.AppInstallation) ? AuthMode.AppInstallation : AuthMode.JwtBearer;
        var node = pack.Object("assertion", required: modes.Contains(mode));
        if (node is null)
            return null;
        if (!modes.Contains(mode))
            pack.Fault("assertion", "is unused: auth_modes has neither jwt_bearer nor app_installation");
        string[] fields = credentials.TryGetValue(mode, out var shape) ? [.. shape.Fields.Keys] : [];
        string[] variables = [.. fields, "client_id", "token_url"];
        var algorithm = node.Text("algorithm", required: true) ?? "RS256";
        if (algorithm is not ("RS256" or "ES256"))
            node.Fault("algorithm", $"is '{algorithm}'; use RS256 or ES256");
        var key = node.Text("key_field", required: true) ?? "";
        if (key.Length > 0 && !fields.Contains(key))
            node.Fault("key_field", $"'{key}' is not a field of the credential; known: " + string.Join(", ", fields));
        var lifetime = node.Seconds("lifetime_s") ?? TimeSpan.FromMinutes(5);
        if (lifetime > TimeSpan.FromHours(1))
            node.Fault("lifetime_s", "is more than an hour; an assertion is used immediately");
        var claims = node.TextMap("claims");
        foreach (var (claim, value) in claims)
            HeaderReading.CheckTemplate(node, "claims/" + claim, value, scope, variables);
        var headers = node.TextMap("headers");
        foreach (var (header, value) in headers)
        {
            if (header is "alg" or "kid" or "typ" or "crit" or "b64")
                node.Faults.Add($"{node.At("headers")}/{header}", "is set by the vault");
            HeaderReading.CheckTemplate(node, "headers/" + header, value, scope, variables);
        }

        var use = node.Choice("use", AssertionUse.Grant, PackKeywords.AssertionUses);
        if (use != AssertionUse.Grant && mode == AuthMode.AppInstallation)
            node.Fault("use", "applies only to jwt_bearer");
        var assertion = new AssertionShape(
            algorithm,
            key,
            Template("key_id"),
            Template("issuer", required: true) ?? "",
            Template("subject"),
            Template("audience"),
            lifetime,
            node.Seconds("backdate_s") ?? TimeSpan.Zero,
            claims,
            node.Text("scope_claim"),
            use,
            headers
        );
        node.Done();
        return assertion;

        string? Template(string name, bool required = false)
        {
            var text = node.Text(name, required);
            if (text is not null)
                HeaderReading.CheckTemplate(node, name, text, scope, variables);
            return text;
        }
    }

    public static RevocationShape? Revocation(PackNode pack, PackScope scope)
    {
        var node = pack.Object("revocation");
        if (node is null)
            return null;
        var url = scope.Url(node, "url", required: true, variables: ClientVariables);
        var method = Method(node, "POST");
        var format = node.Choice(
            "format",
            method is "GET" or "DELETE" ? BodyFormat.None : BodyFormat.Form,
            PackKeywords.CallFormats
        );
        var parameters = node.TextMap("parameters");
        foreach (var (name, value) in parameters)
            HeaderReading.CheckTemplate(
                node,
                "parameters/" + name,
                value,
                scope,
                "token",
                "token_type_hint",
                "client_id"
            );
        var token = node.Choice("token", TokenChoice.RefreshOrAccess, PackKeywords.TokenChoices);
        var auth = node.Choice("auth", CallAuthentication.Client, PackKeywords.CallAuth);
        var kills = node.Text("kills", required: true) ?? "token";
        if (kills is not ("token" or "grant" or "installation"))
            node.Fault("kills", $"is '{kills}'; use token, grant or installation");
        if (
            auth != CallAuthentication.Bearer
            && !parameters.Values.Any(v => v.Contains("{token}", StringComparison.Ordinal))
        )
            node.Fault(
                "parameters",
                "has no '{token}', and auth is not bearer: the call would not name the token to revoke"
            );
        var confirmed = RuleReading.Matches(node, "confirmed_when");
        node.Text("notes");
        node.Done();
        return url is null ? null : new RevocationShape(url, method, token, auth, format, parameters, kills, confirmed);
    }

    public static IntrospectionShape? Introspection(PackNode pack, PackScope scope)
    {
        var node = pack.Object("introspection");
        if (node is null)
            return null;
        var url = scope.Url(node, "url", required: true, variables: ClientVariables);
        var auth = node.Choice("auth", CallAuthentication.Client, PackKeywords.CallAuth);
        node.Done();
        return url is null ? null : new IntrospectionShape(url, auth);
    }

    public static ProbeShape? Probe(PackNode pack, string name, PackScope scope, bool identity)
    {
        var node = pack.Object(name);
        if (node is null)
            return null;
        var url = scope.Url(node, "url", required: true);
        var method = Method(node, "GET");
        var body = node.Object("body");
        if (body is not null && method is "GET" or "DELETE")
            node.Fault("body", $"is not allowed with the method {method}");
        var probe = new ProbeShape(
            url ?? UrlTemplate.Parse("https://invalid/"),
            method,
            HeaderReading.Headers(node, "headers", scope),
            identity || node.Has("subject") ? Identity(node) : null,
            body?.Value.GetRawText()
        );
        node.Done();
        return url is null ? null : probe;
    }

    public static string Method(PackNode node, string otherwise)
    {
        var method = node.Text("method") ?? otherwise;
        if (PackKeywords.Methods.Contains(method))
            return method;
        node.Fault("method", $"is '{method}'; use " + string.Join(", ", PackKeywords.Methods.Order()));
        return otherwise;
    }

    private static IdentityMap? Identity(PackNode node)
    {
        var subject = node.Path("subject", required: true);
        var map = (
            Name: node.Path("display_name"),
            Email: node.Path("email"),
            Tenant: node.Path("tenant"),
            Verified: node.Path("email_verified")
        );
        return subject is null ? null : new IdentityMap(subject, map.Name, map.Email, map.Tenant, map.Verified);
    }

    private static TokenAnswerShape Answer(PackNode oauth, PackScope scope)
    {
        var standard = new TokenAnswerShape();
        var node = oauth.Object("answer");
        if (node is null)
            return standard;
        var capture = ImmutableSortedDictionary.CreateBuilder<string, ValuePath>(StringComparer.Ordinal);
        foreach (var (name, text) in node.TextMap("capture"))
        {
            var at = $"{node.At("capture")}/{LineIndex.Escape(name)}";
            if (!scope.Parameters.TryGetValue(name, out var parameter) || parameter.Source != ParameterSource.Captured)
                node.Faults.Add(
                    at,
                    "is not a parameter of the pack with source 'captured'; only checked values of a response are "
                        + "stored"
                );
            if (ValuePath.TryParse(text, out var path))
                capture[name] = path;
            else
                node.Faults.Add(at, $"'{text}' is not a path");
        }

        var identityNode = node.Object("identity");
        var identity = identityNode is null ? null : Identity(identityNode);
        identityNode?.Done();
        var answer = new TokenAnswerShape
        {
            AccessToken = node.Path("access_token") ?? standard.AccessToken,
            RefreshToken = node.Path("refresh_token") ?? standard.RefreshToken,
            ExpiresIn = node.Path("expires_in") ?? standard.ExpiresIn,
            ExpiresAt = node.Path("expires_at"),
            RefreshExpiresIn = node.Path("refresh_expires_in") ?? standard.RefreshExpiresIn,
            Scope = node.Path("scope") ?? standard.Scope,
            Capture = capture.ToImmutable(),
            Identity = identity,
            ErrorWhen = RuleReading.BodyMatches(node, "error_when"),
        };
        // Accepted in packs written for earlier versions. The type says nothing that the pack does not say better.
        node.Path("token_type");
        node.Done();
        return answer;
    }

    private static bool UsesSelfSignedToken(PackNode pack) =>
        pack.Value.TryGetProperty("assertion", out var assertion)
        && assertion.ValueKind == JsonValueKind.Object
        && assertion.TryGetProperty("use", out var use)
        && use.ValueKind == JsonValueKind.String
        && use.GetString() == "bearer";

    private static string Separator(PackNode node)
    {
        var separator = node.Text("scope_separator") ?? " ";
        if (separator is not (" " or "," or "+"))
            node.Fault("scope_separator", $"is '{separator}'; use a space, ',' or '+'");
        return separator;
    }

    private static ImmutableSortedDictionary<string, string> Parameters(PackNode node, string name, PackScope scope)
    {
        var parameters = node.TextMap(name);
        foreach (var (parameter, value) in parameters)
        {
            if (OwnedParameters.Contains(parameter))
                node.Faults.Add(
                    $"{node.At(name)}/{parameter}",
                    "is set by the vault; changing it would break the protection of the flow"
                );
            HeaderReading.CheckTemplate(node, name + "/" + parameter, value, scope, "client_id");
        }

        return parameters;
    }
}
