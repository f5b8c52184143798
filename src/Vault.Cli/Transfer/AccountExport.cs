using System.CommandLine;
using System.Text.Json;

namespace Vault.Cli.Transfer;

/// <summary>
/// Exports who is connected to which provider in another product's format. It contains no credentials, because the
/// vault never reveals them: use the list to ask users to reconnect.
/// </summary>
internal static class AccountExport
{
    public static async Task<int> RunAsync(
        CliConsole console,
        ParseResult parsed,
        string shape,
        string? file,
        bool apply,
        CancellationToken cancellationToken
    )
    {
        if (apply && file is null)
            throw new CliException("--apply writes a file; name it with --to", VaultCommand.Usage);
        using var vault = console.Client(parsed);
        var accounts = await vault.ListAsync(
            GlobalOptions.Query(
                "/v1/connected_accounts?page_size=200",
                ("organization_id", console.OrganizationOf(parsed))
            ),
            cancellationToken
        );
        var written =
            shape == "nango"
                ? (object)new { connections = accounts.Select(Nango) }
                : new { items = accounts.Select(Composio) };
        if (apply)
            await File.WriteAllTextAsync(
                file!,
                JsonSerializer.Serialize(written, CliConsole.Indented) + "\n",
                cancellationToken
            );
        if (parsed.WantsJson())
            console.Json(
                new
                {
                    applied = apply,
                    file,
                    accounts = accounts.Count,
                    written,
                }
            );
        else if (!apply)
            console.Table(
                ["account", "user", "connection", "status"],
                accounts.Select(a =>
                    (string[])[a.Cell("id"), a.Cell("user_id"), a.Cell("connection"), a.Cell("status")]
                )
            );
        await console.Error.WriteLineAsync(
            apply
                ? $"{accounts.Count} accounts written to {file}, without credentials"
                : $"{accounts.Count} accounts, without credentials; nothing was written, use --to FILE --apply"
        );
        return VaultCommand.Done;
    }

    private static object Nango(JsonElement a) =>
        new
        {
            connection_id = a.Cell("id"),
            provider_config_key = a.Cell("connection"),
            provider = a.Cell("provider"),
            created = a.Cell("created_at"),
            metadata = new
            {
                account_label = a.Cell("account_label"),
                status = a.Cell("status"),
                granted_scopes = a.GetProperty("granted_scopes"),
            },
            end_user = new { id = a.Cell("user_id") },
        };

    private static object Composio(JsonElement a) =>
        new
        {
            id = a.Cell("id"),
            user_id = a.Cell("user_id"),
            toolkit = new { slug = a.Cell("provider") },
            auth_config = new { id = a.Cell("connection") },
            status = a.Cell("status") == "ACTIVE" ? "ACTIVE" : "EXPIRED",
            status_reason = a.Cell("status_reason"),
            created_at = a.Cell("created_at"),
            data = new { account_label = a.Cell("account_label"), scopes = a.GetProperty("granted_scopes") },
        };
}
