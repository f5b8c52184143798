using System.Web;

namespace Vault.Attacks.Rig;

/// <summary>One organization with something of everything that has an id.</summary>
/// <param name="Key">A key of the organization with every permission that a tenant can have.</param>
/// <param name="Ids">Ids by the name of the field or path parameter they fit.</param>
internal sealed record Tenant(string Organization, string Key, IReadOnlyDictionary<string, IReadOnlyList<string>> Ids)
{
    /// <summary>Every text that names something of this tenant.</summary>
    public IEnumerable<string> Marks =>
        Ids.SelectMany(i => i.Value).Where(v => v is not ("sandbox" or "sandbox_key")).Append(Organization);

    public static async Task<Tenant> MakeAsync(AttackRig rig, string name)
    {
        var organization = (
            await rig.PostAsync(
                "/v1/organizations",
                rig.Admin,
                new { display_name = "Marked-" + name, external_id = "ext-" + name }
            )
        )["id"];
        var all = await PermissionsAsync(rig);
        var made = await rig.PostAsync(
            "/v1/api_keys",
            rig.Admin,
            new
            {
                organization_id = organization,
                name = "all of " + name,
                permissions = all,
            }
        );
        var key = made["key"];
        var spare = await rig.PostAsync(
            "/v1/api_keys",
            rig.Admin,
            new
            {
                organization_id = organization,
                name = "spare of " + name,
                permissions = all,
            }
        );
        (string, string) Once(string operation) => ("Idempotency-Key", $"repeated-{name}-{operation}");
        var connection = await rig.PostAsync(
            "/v1/connections",
            key,
            new { provider = "sandbox_key", parameters = new { base_url = rig.SandboxUrl } },
            Once("createConnection")
        );
        var oauth = await rig.PostAsync(
            "/v1/connections",
            key,
            new
            {
                provider = "sandbox",
                client_id = "demo-client",
                client_secret = "demo-secret",
                parameters = new { base_url = rig.SandboxUrl },
            }
        );
        var account = await rig.PostAsync(
            "/v1/connected_accounts",
            key,
            new
            {
                user_id = "user-" + name,
                connection = "sandbox_key",
                credential = new { type = "api_key", api_key = "sandbox-key-0001-demo" },
            }
        );
        var link = await rig.PostAsync(
            "/v1/connected_accounts:link",
            key,
            new { user_id = "user-" + name, connection = "sandbox" },
            Once("createLink")
        );
        var opened = await rig.PostAsync(
            "/v1/connected_accounts:link",
            key,
            new
            {
                user_id = "user-" + name,
                connection = "sandbox",
                account_label = "opened",
            }
        );
        var away = await rig.SendAsync("POST", new Uri(opened["link"]).AbsolutePath, null, null, null);
        var state = HttpUtility.ParseQueryString(away.Headers.Location!.Query)["state"]!;
        var execution = await rig.PostAsync(
            "/v1/execute_tool",
            key,
            new
            {
                user_id = "user-" + name,
                tool_name = "sandbox_key_get_profile",
                tool_input = new { },
            },
            Once("executeTool")
        );
        var destroying = await rig.PostAsync(
            "/v1/execute_tool",
            key,
            new
            {
                user_id = "user-" + name,
                tool_name = "sandbox_key_delete_item",
                tool_input = new { id = "1" },
            }
        );
        var token = link["link"][(link["link"].LastIndexOf('/') + 1)..];
        var approvals = await rig.GetAsync("/v1/approvals", key);
        var cursors = new List<string>();
        foreach (
            var list in new[]
            {
                "/v1/connections?page_size=1",
                "/v1/api_keys?page_size=1",
                "/v1/connected_accounts?page_size=1",
                "/v1/ledger?page_size=1",
            }
        )
            if (
                (await rig.GetAsync(list, key)) is { Status: 200, Json: { } page }
                && page.EnumerateObject().FirstOrDefault(p => p.Name.StartsWith("next", StringComparison.Ordinal)).Value
                    is { ValueKind: System.Text.Json.JsonValueKind.String } cursor
            )
                cursors.Add(cursor.GetString()!);
        var approval =
            approvals is { Status: 200, Json: { } listed }
            && listed
                .EnumerateObject()
                .FirstOrDefault(p => p.Value.ValueKind == System.Text.Json.JsonValueKind.Array)
                .Value
                is { ValueKind: System.Text.Json.JsonValueKind.Array } items
                ? items.EnumerateArray().Select(i => i.GetProperty("id").GetString()!).ToArray()
                : [];
        return new Tenant(
            organization,
            key,
            new Dictionary<string, IReadOnlyList<string>>
            {
                ["organization_id"] = [organization],
                ["connection"] = [connection["id"], oauth["id"], "sandbox_key"],
                ["connected_account_id"] = [account["id"], link["connected_account_id"]],
                ["execution_id"] = [execution["execution_id"], destroying["execution_id"]],
                ["key_id"] = [made["id"], spare["id"]],
                ["approval_id"] = approval,
                ["token"] = [token],
                ["state"] = [state],
                ["page_token"] = cursors,
                ["external_id"] = ["ext-" + name],
                ["user_id"] = ["user-" + name],
            }
        );
    }

    // What a tenant's key may have is what the server takes.
    private static async Task<List<string>> PermissionsAsync(AttackRig rig)
    {
        var taken = new List<string>();
        foreach (
            var permission in Vault.Core.Callers.Permission.All.Where(p => p != Vault.Core.Callers.Permission.Admin)
        )
            if (
                (
                    await rig.PostAsync(
                        "/v1/api_keys",
                        rig.Admin,
                        new { name = "probe", permissions = new[] { permission } }
                    )
                ).Status == 201
            )
                taken.Add(permission);
        return taken;
    }
}
