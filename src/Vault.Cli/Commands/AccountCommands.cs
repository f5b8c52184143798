using System.CommandLine;
using System.Text.Json;
using Vault.Client;

namespace Vault.Cli.Commands;

internal static class AccountCommands
{
    public static Command Accounts(CliConsole console)
    {
        var user = new Option<string?>("--user") { Description = "Only accounts of this user." };
        var connection = new Option<string?>("--connection") { Description = "Only accounts of this connection." };
        var status = new Option<string?>("--status")
        {
            Description = "Only accounts with this status, for example REQUIRES_REAUTH.",
        };
        var list = new Command("list", "List connected accounts with their status.") { user, connection, status };
        list.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = GlobalOptions.Query(
                    "/v1/connected_accounts?page_size=200",
                    ("organization_id", console.OrganizationOf(parsed)),
                    ("user_id", parsed.GetValue(user)),
                    ("connection", parsed.GetValue(connection)),
                    ("status", parsed.GetValue(status))
                );
                var all = await vault.ListAsync(path, cancellationToken);
                if (parsed.WantsJson())
                    console.Json(all);
                else
                    console.Table(
                        ["id", "user", "connection", "status", "reason", "expires", "last used"],
                        all.Select(a =>
                            (string[])
                                [
                                    a.Cell("id"),
                                    a.Cell("user_id"),
                                    a.Cell("connection"),
                                    a.Cell("status"),
                                    a.Cell("status_reason"),
                                    a.Cell("expires_at"),
                                    a.Cell("last_used_at"),
                                ]
                        )
                    );
                return VaultCommand.Done;
            }
        );
        var id = new Argument<string>("account") { Description = "ca_…" };
        var show = new Command("show", "Show an account, without its credential.") { id };
        show.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                console.Json(
                    await vault.CallAsync(
                        HttpMethod.Get,
                        GlobalOptions.Query(
                            "/v1/connected_accounts/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)),
                            ("organization_id", console.OrganizationOf(parsed))
                        ),
                        null,
                        cancellationToken
                    )
                );
                return VaultCommand.Done;
            }
        );
        var revoke = new Command(
            "revoke",
            "Revoke an account; when this returns, no host uses its credential any more."
        )
        {
            id,
        };
        revoke.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var receipt = await vault.RevokeAccountAsync(parsed.GetRequiredValue(id), cancellationToken);
                if (parsed.WantsJson())
                    console.Json(
                        new
                        {
                            connected_account_id = receipt.ConnectedAccountId,
                            local_at = receipt.LocalAt,
                            provider = receipt.Provider,
                            provider_detail = receipt.ProviderDetail,
                            elapsed_ms = receipt.ElapsedMs,
                        }
                    );
                else
                    await console.Out.WriteLineAsync(
                        $"{receipt.ConnectedAccountId}: revoked in the vault; at the provider: {receipt.Provider}"
                    );
                return VaultCommand.Done;
            }
        );
        var delete = new Command("delete", "Revoke an account and delete it; the ledger keeps its entries.") { id };
        delete.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var receipt = await vault.CallAsync(
                    HttpMethod.Delete,
                    GlobalOptions.Query(
                        "/v1/connected_accounts/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)),
                        ("organization_id", console.OrganizationOf(parsed))
                    ),
                    null,
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(receipt);
                else
                    await console.Out.WriteLineAsync($"{parsed.GetRequiredValue(id)}: deleted");
                return VaultCommand.Done;
            }
        );
        return new Command(
            "accounts",
            "Connected accounts.\n\nExamples:\n  vaultctl accounts list --status REQUIRES_REAUTH\n  vaultctl "
                + "accounts revoke ca_…"
        )
        {
            list,
            show,
            revoke,
            delete,
        };
    }

    public static Command Connect(CliConsole console)
    {
        var user = new Option<string>("--user") { Description = "The user's id in your application.", Required = true };
        var connection = new Option<string>("--connection")
        {
            Description = "The connection's name or id.",
            Required = true,
        };
        var scopes = new Option<string[]>("--scope")
        {
            Description = "A scope to request; default: the connection's scopes.",
            AllowMultipleArgumentsPerToken = true,
        };
        var credential = new Option<string?>("--credential")
        {
            Description =
                "Instead of a link: a file with the credential as JSON, or - for standard input: "
                + "{\"type\":\"api_key\",\"api_key\":\"…\"}.",
            HelpName = "FILE",
        };
        var validate = new Option<bool>("--validate")
        {
            Description = "With --credential: verify it with the provider before it is stored.",
        };
        var parameters = new Option<string[]>("--parameter")
        {
            Description = "With --credential: name=value, a parameter of the account.",
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command(
            "connect",
            "Connect a user's account: prints a link to open in a browser, or imports a credential.\n\nExamples:\n"
                + "  vaultctl connect --user ada --connection slack\n  printf "
                + "'{\"type\":\"api_key\",\"api_key\":\"%s\"}' \"$ACME_KEY\" | vaultctl connect --user ada "
                + "--connection acme --credential -"
        )
        {
            user,
            connection,
            scopes,
            credential,
            validate,
            parameters,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var requested = parsed.GetValue(scopes) is { Length: > 0 } list ? list : null;
                using var vault = console.Client(parsed);
                if (parsed.GetValue(credential) is not { } file)
                {
                    var link = await vault.CreateLinkAsync(
                        new LinkRequest(parsed.GetRequiredValue(user), parsed.GetRequiredValue(connection))
                        {
                            Scopes = requested,
                        },
                        cancellationToken
                    );
                    if (parsed.WantsJson())
                        console.Json(
                            new
                            {
                                link = link.Link,
                                expires_at = link.ExpiresAt,
                                connected_account_id = link.ConnectedAccountId,
                            }
                        );
                    else
                    {
                        await console.Out.WriteLineAsync(link.Link);
                        await console.Error.WriteLineAsync(
                            $"works once, until {link.ExpiresAt:u}; the account is {link.ConnectedAccountId}"
                        );
                    }

                    return VaultCommand.Done;
                }

                var body = new Dictionary<string, object?>
                {
                    ["user_id"] = parsed.GetRequiredValue(user),
                    ["connection"] = parsed.GetRequiredValue(connection),
                    ["credential"] = Problems.Parse(
                        await Inputs.TextAsync(console, file, cancellationToken),
                        "the credential"
                    ),
                };
                SetupCommands.Put(body, "organization_id", console.OrganizationOf(parsed));
                if (requested is not null)
                    body["scopes"] = requested;
                if (parsed.GetValue(validate))
                    body["validate"] = true;
                if (parsed.GetValue(parameters) is { Length: > 0 } given)
                    body["parameters"] = SetupCommands.Pairs(given);
                Report(
                    console,
                    parsed,
                    await vault.CallAsync(HttpMethod.Post, "/v1/connected_accounts", body, cancellationToken)
                );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static void Report(CliConsole console, ParseResult parsed, JsonElement account)
    {
        if (parsed.WantsJson())
            console.Json(account);
        else
            console.Out.WriteLine($"{account.Cell("id")} {account.Cell("status")}");
    }
}
