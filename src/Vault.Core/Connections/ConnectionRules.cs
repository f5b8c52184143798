using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

/// <summary>Validates a connection's settings and returns all faults.</summary>
public static class ConnectionRules
{
    public const int MaxScopes = 200;
    public const int MaxReturnUrls = 50;

    // Each fault lists the accepted values. With a fault for every name in a large request, the response would be a
    // hundred times as large as the request.
    private const int MaxFaults = 50;

    /// <param name="known">The tools the connection already names. If one was removed since (from a pack or with a tool
    /// set), other changes are still accepted.</param>
    public static ImmutableArray<Violation> Check(
        IPacks packs,
        ProviderPack pack,
        ConnectionSettings settings,
        bool hasSecret,
        ConnectOptions options,
        ImmutableArray<string>? known = null
    )
    {
        ArgumentNullException.ThrowIfNull(packs);
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(options);
        var faults = ImmutableArray.CreateBuilder<Violation>();
        var needsClient = pack.AuthModes.All(m => m is AuthMode.AuthorizationCode or AuthMode.ClientCredentials);
        if (settings.ClientId is null && needsClient)
            faults.Add(new("client_id", $"is required: {pack.Id} is connected through an OAuth client"));
        if (settings.ClientId is { } id && (id.Length is 0 or > 512 || id.Any(char.IsControl)))
            faults.Add(new("client_id", "give 1 to 512 characters without control characters"));
        if (settings.ClientId is null && hasSecret)
            faults.Add(new("client_secret", "is given without client_id"));
        faults.AddRange(CheckScopes(settings.Scopes));
        if (settings.RedirectUri is { } redirect)
        {
            if (WebAddress.Fault(redirect, options.Development) is { } wrong)
                faults.Add(new("redirect_uri", wrong));
            else if (new Uri(redirect).AbsolutePath is var path && path != PublicAddress.CallbackPath)
                faults.Add(
                    new(
                        "redirect_uri",
                        $"has the path {path}, which is not the vault's callback; register one with "
                            + $"{PublicAddress.CallbackPath} at the provider, on a host that leads to the vault"
                    )
                );
        }

        if (settings.ReturnUrls.Length > MaxReturnUrls)
            faults.Add(new("return_urls", $"at most {MaxReturnUrls}"));
        for (var i = 0; i < settings.ReturnUrls.Length; i++)
            if (WebAddress.Fault(settings.ReturnUrls[i], options.Development) is { } fault)
                faults.Add(new($"return_urls/{i}", fault));
        faults.AddRange(PackParameters.Check(pack, settings.Parameters, ParameterSource.Connection));
        foreach (var tool in settings.Tools ?? [])
            if (!packs.TryGetTool(tool, pack.Id, out _) && known?.Contains(tool) != true)
                faults.Add(new("tools", $"'{tool}' is not a tool of {pack.Id}"));
        if (settings.QuotaPerMinute < 0)
            faults.Add(new("quota_per_minute", "give 0 (the default) or more"));
        if (settings.AppName is { } app && (app.Length is 0 or > 100 || app.Any(char.IsControl)))
            faults.Add(new("app_name", "give 1 to 100 characters"));
        return faults.ToImmutable();
    }

    /// <summary>Validates scope tokens (RFC 6749 3.3): no space, quote or backslash.</summary>
    public static ImmutableArray<Violation> CheckScopes(ImmutableArray<string> scopes, string field = "scopes")
    {
        if (scopes.Length > MaxScopes)
            return [new(field, $"at most {MaxScopes}")];
        return
        [
            .. scopes
                .Select((scope, i) => (scope, i))
                .Where(s => s.scope.Length is 0 or > 256 || s.scope.Any(c => c is < '\x21' or > '\x7e' or '"' or '\\'))
                .Select(s => new Violation(
                    $"{field}/{s.i}",
                    "is not a scope token (RFC 6749 3.3); give one scope per entry"
                )),
        ];
    }

    public static VaultError Refuse(ImmutableArray<Violation> faults) =>
        new(
            ErrorCatalogue.InvalidRequest,
            string.Join("; ", faults.Take(10).Select(f => $"{f.Path}: {f.Message}")) + "."
        )
        {
            Violations = [.. faults.Take(MaxFaults)],
        };
}
