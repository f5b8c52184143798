using System.CommandLine;
using System.Text.Json;
using Vault.Client;

namespace Vault.Cli.Transfer;

/// <summary>Imports accounts one by one. A failure does not stop the others; every line reports its outcome.</summary>
internal static class AccountImport
{
    public static async Task<int> RunAsync(
        CliConsole console,
        ParseResult parsed,
        List<ForeignAccount> accounts,
        bool apply,
        bool validate,
        bool replace,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var organization = console.OrganizationOf(parsed);
        var known = (
            await vault.ListAsync(
                GlobalOptions.Query("/v1/connections?page_size=200", ("organization_id", organization)),
                cancellationToken
            )
        ).ToDictionary(c => c.Cell("name"), StringComparer.Ordinal);
        var there = (
            await vault.ListAsync(
                GlobalOptions.Query("/v1/connected_accounts?page_size=200", ("organization_id", organization)),
                cancellationToken
            )
        )
            .Where(a => a.Cell("status") is "ACTIVE" or "PENDING_VERIFICATION" && a.Cell("account_label").Length == 0)
            .ToLookup(a => (a.Cell("user_id"), a.Cell("connection")), a => a.Cell("id"));
        var targets = new Dictionary<string, ImportTarget>(StringComparer.Ordinal);
        foreach (
            var connection in accounts
                .Where(a => a.Fault is null && known.ContainsKey(a.Connection))
                .Select(a => a.Connection)
                .Distinct(StringComparer.Ordinal)
        )
            targets[connection] = await ImportTarget.ReadAsync(vault, known[connection], cancellationToken);

        var lines = new List<(ForeignAccount Account, string Outcome, string Detail)>();
        var taken = new HashSet<(string?, string)>();
        try
        {
            foreach (var account in accounts)
            {
                var fault = account.Fault
                    ?? (
                        known.ContainsKey(account.Connection)
                            ? null
                            : $"there is no connection '{account.Connection}'; create it, or --map "
                                + $"{account.Connection}=NAME"
                    );
                fault ??= targets[account.Connection].Fault(account);
                // A user has one account per connection: a second would replace the first.
                if (fault is null && !taken.Add((account.User, account.Connection)))
                    fault =
                        "the file has another account of this user for this connection; --map one of them to a "
                        + "connection of its own";
                lines.Add(
                    fault is not null ? (account, "skipped", fault)
                    : !replace && there[(account.User!, account.Connection)].FirstOrDefault() is { } id
                        ? (account, "exists", $"{id}; --replace replaces its credential")
                    : !apply ? (account, "would import", "")
                    : await ImportAsync(
                        vault,
                        account,
                        organization,
                        targets[account.Connection],
                        validate,
                        cancellationToken
                    )
                );
            }
        }
        finally
        {
            // Report after a cancellation as well: imported accounts stay imported.
            await ReportAsync(console, parsed, lines, apply);
        }

        return lines.Exists(l => l.Outcome is "failed" or "skipped") ? VaultCommand.Failed : VaultCommand.Done;
    }

    private static async Task ReportAsync(
        CliConsole console,
        ParseResult parsed,
        List<(ForeignAccount Account, string Outcome, string Detail)> lines,
        bool apply
    )
    {
        if (parsed.WantsJson())
            console.Json(
                new
                {
                    applied = apply,
                    accounts = lines.Select(l => new
                    {
                        id = l.Account.Id,
                        user_id = l.Account.User,
                        connection = l.Account.Connection,
                        credential = l.Account.Kind,
                        outcome = l.Outcome.Replace(' ', '_'),
                        detail = l.Detail,
                    }),
                }
            );
        else
            console.Table(
                ["their id", "user", "connection", "credential", "outcome", ""],
                lines.Select(l =>
                    (string?[])[l.Account.Id, l.Account.User, l.Account.Connection, l.Account.Kind, l.Outcome, l.Detail]
                )
            );
        await console.Error.WriteLineAsync(
            string.Join(", ", lines.GroupBy(l => l.Outcome).Select(g => $"{g.Count()} {g.Key}"))
                + (apply ? "" : "; nothing was imported, use --apply")
        );
    }

    private static async Task<(ForeignAccount, string, string)> ImportAsync(
        VaultClient vault,
        ForeignAccount account,
        string? organization,
        ImportTarget target,
        bool validate,
        CancellationToken cancellationToken
    )
    {
        var credential = new Dictionary<string, string>(StringComparer.Ordinal) { ["type"] = account.Kind! };
        foreach (var (name, value) in account.Fields)
            credential[name == "api_key" ? target.KeyField : name] = value;
        var body = new Dictionary<string, object?>
        {
            ["user_id"] = account.User,
            ["connection"] = account.Connection,
            ["credential"] = credential,
            ["validate"] = validate,
        };
        if (organization is not null)
            body["organization_id"] = organization;
        if (account.Scopes is { } scopes)
            body["scopes"] = scopes;
        if (target.Parameters(account) is { Count: > 0 } parameters)
            body["parameters"] = parameters;
        try
        {
            var made = await vault.CallAsync(HttpMethod.Post, "/v1/connected_accounts", body, cancellationToken);
            return (account, "imported", $"{made.Cell("id")} {made.Cell("status")}");
        }
        catch (VaultException e)
        {
            return (account, "failed", $"{e.Problem.Code}: {e.Problem.Detail}");
        }
    }
}
