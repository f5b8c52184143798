using System.Text.Json;
using Vault.Client;

namespace Vault.Cli.Transfer;

/// <summary>The connection that accounts are imported into, and what its provider needs to know of each
/// account.</summary>
internal sealed class ImportTarget(JsonElement connection, JsonElement provider)
{
    /// <summary>The provider's field for its API key.</summary>
    public string KeyField { get; } = KeyFieldOf(provider);

    public static async Task<ImportTarget> ReadAsync(
        VaultClient vault,
        JsonElement connection,
        CancellationToken cancellationToken
    ) =>
        new(
            connection,
            await vault.CallAsync(
                HttpMethod.Get,
                "/v1/providers/" + Uri.EscapeDataString(connection.Cell("provider")),
                null,
                cancellationToken
            )
        );

    /// <summary>Parameters of the account: those that a consent would capture or that come with a credential.</summary>
    public Dictionary<string, string> Parameters(ForeignAccount account)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in Of("captured").Concat(account.Kind == "oauth_tokens" ? [] : Of("account")))
        {
            if (account.Config.TryGetValue(ForeignAccounts.Plain(parameter.Cell("name")), out var value))
                found[parameter.Cell("name")] = value;
        }

        return found;
    }

    /// <summary>Why the account cannot be moved here; null if it can.</summary>
    public string? Fault(ForeignAccount account)
    {
        var given = Parameters(account);
        foreach (var parameter in Of("captured").Where(p => account.Kind == "oauth_tokens" && IsNeeded(p)))
        {
            if (!given.ContainsKey(parameter.Cell("name")))
                return $"its {parameter.Cell("name")} is not in the file, and no call can be made without it; the user "
                    + "must reconnect";
        }

        foreach (var parameter in Of("connection"))
        {
            var name = parameter.Cell("name");
            var here =
                connection.GetProperty("parameters").TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null;
            if (
                here is not null
                && account.Config.TryGetValue(ForeignAccounts.Plain(name), out var there)
                && !string.Equals(here, there, StringComparison.OrdinalIgnoreCase)
            )
                return $"its {name} is {there}, and that of the connection is {here}; make a connection for it and --map "
                    + "to that";
        }

        return null;
    }

    private IEnumerable<JsonElement> Of(string source) =>
        provider.GetProperty("parameters").EnumerateArray().Where(p => p.Cell("source") == source);

    private static bool IsNeeded(JsonElement parameter) =>
        parameter.GetProperty("required").ValueKind == JsonValueKind.True
        && parameter.GetProperty("default").ValueKind != JsonValueKind.String;

    private static string KeyFieldOf(JsonElement provider)
    {
        var fields = provider
            .GetProperty("credential_fields")
            .EnumerateArray()
            .Where(f =>
                f.Cell("credential_type") == "api_key" && f.GetProperty("required").ValueKind == JsonValueKind.True
            )
            .Select(f => f.Cell("name"))
            .ToList();
        return fields.Count == 1 ? fields[0] : "api_key";
    }
}
