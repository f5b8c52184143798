using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

/// <summary>Predicts what execute_tool would be missing. It grants nothing: the executor checks again.</summary>
internal sealed class ToolRequirements(
    IAccountStore accounts,
    IOrganizationStore organizations,
    IConnectionStore connections,
    IPacks packs
)
{
    public static IReadOnlyList<Field> Fields { get; } =
    [
        Field.Organization,
        Field.Text("user_id", "Adds what this user still needs (requirements).") with
        {
            MaxLength = UserId.MaxLength,
            Aliases = ["identifier"],
        },
        Field.Text("format", "The format of the items.") with
        {
            Values = ToolFormats.Names,
        },
    ];

    /// <summary>By tool name; null without a user.</summary>
    public async Task<Result<Dictionary<string, RequirementView>?>> ForAsync(
        Call call,
        IReadOnlyList<Tool> tools,
        CancellationToken cancellationToken
    )
    {
        if (call.Query.Text("user_id") is not { } user)
            return (Dictionary<string, RequirementView>?)null;
        if (!UserId.IsValid(user))
            return VaultError.Invalid("user_id", "has " + UserId.Rule);
        var constraints = call.Caller.Constraints;
        if (!constraints.Allows(new UserId(user)))
            return new VaultError(ErrorCatalogue.PermissionDenied, "user_id: the key is limited to other users.");
        if (call.OrganizationOrNone is not { } organization)
            return VaultError.Invalid("organization_id", "is required with user_id");
        if (await organizations.FindAsync(organization, cancellationToken) is not { } row)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        var all = new Dictionary<string, RequirementView>(StringComparer.Ordinal);
        var known = new Dictionary<string, IReadOnlyList<(AccountRow Account, ConnectionSettings Settings)>>(
            StringComparer.Ordinal
        );
        foreach (var tool in tools)
        {
            var rows = new List<AccountRow>();
            foreach (var provider in packs.CompatibleProviders(tool).Prepend(tool.Pack.Id))
            {
                if (!known.TryGetValue(provider, out var mine))
                    known[provider] = mine = await UsableAsync(
                        organization,
                        new UserId(user),
                        provider,
                        cancellationToken
                    );
                rows.AddRange(
                    mine.Where(r => r.Settings.Tools is not { } offered || offered.Contains(tool.Definition.Name))
                        .Where(r => constraints.Allows(r.Account.Key))
                        .Select(r => r.Account)
                );
            }

            all[tool.Definition.Name] = Evaluate(tool, row.State, rows);
        }

        return all;
    }

    private async Task<IReadOnlyList<(AccountRow Account, ConnectionSettings Settings)>> UsableAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<(AccountRow, ConnectionSettings)>();
        foreach (
            var account in (await accounts.FindForUserAsync(organization, user, provider, cancellationToken))?.Rows
                ?? []
        )
        {
            if (
                account.State.Status != AccountStatus.Disconnected
                && await connections.FindAsync(organization, account.ConnectionId, cancellationToken)
                    is { Settings: { Disabled: false } settings }
            )
                rows.Add((account, settings));
        }

        return rows;
    }

    private RequirementView Evaluate(Tool tool, OrganizationState organization, IReadOnlyList<AccountRow> rows)
    {
        var approval =
            tool.Definition.Effect != Effect.Destructive
                ? "none"
                : organization.DestructivePolicy switch
                {
                    "allow" => "none",
                    "deny" => "denied",
                    _ => "required",
                };
        var ids = rows.Select(r => r.Id.Value).ToArray();
        if (!organization.Gate.Open)
            return new RequirementView(false, "organization_suspended", null, [], approval, ids);
        var active = rows.Where(r => r.State.Status == AccountStatus.Active).ToList();
        if (active.Count > 1)
            return new RequirementView(false, "ambiguous", null, [], approval, ids);
        if (active.Count == 0)
        {
            var dead = rows.FirstOrDefault(r => r.State.Status is not AccountStatus.PendingAuth);
            return new RequirementView(
                false,
                dead is null ? "missing" : "reconnect",
                dead?.State.Reason,
                tool.Definition.Scopes.Missing([]),
                approval,
                ids
            );
        }

        // As the executor: the tool in the form of the account's provider, which may have scopes of its own.
        var own = packs.TryGetTool(tool.Definition.Name, active[0].Provider, out var form) ? form : tool;
        var missing = active[0].State.Missing(own.Definition.Scopes, own.Pack);
        return new RequirementView(
            missing.Length == 0 && approval == "none",
            "connected",
            null,
            missing,
            approval,
            ids
        );
    }
}
