using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

/// <summary>
/// Which tools a caller is shown: those that its key may call, or only those that a connection offers. No other tool
/// can
/// be called there, whatever a user consents to. The executor checks again.
/// </summary>
internal sealed class OfferedTools(IPacks packs, IConnectionStore connections, IOrganizationStore organizations)
{
    /// <summary>Null: all.</summary>
    public async Task<Func<Tool, bool>?> FilterAsync(Call call, bool offered, CancellationToken cancellationToken)
    {
        var constraints = call.Caller.Constraints;
        Func<Tool, bool>? byConnection = null;
        if (offered || constraints.Connections is not null)
            byConnection = call.OrganizationOrNone is { } organization
                ? await OfOrganizationAsync(organization, constraints.Allows, cancellationToken)
                // Connections are limited and there is no organization whose connections they could be.
                : static _ => false;
        if (constraints.Tools is null)
            return byConnection;
        return tool => constraints.AllowsTool(tool.Definition.Name) && (byConnection is null || byConnection(tool));
    }

    private async Task<Func<Tool, bool>> OfOrganizationAsync(
        OrganizationId organization,
        Func<ConnectionName, bool> reached,
        CancellationToken cancellationToken
    )
    {
        var denied =
            (await organizations.FindAsync(organization, cancellationToken))?.State.DestructivePolicy == "deny";
        var unrestricted = new HashSet<string>(StringComparer.Ordinal);
        var named = new HashSet<(string Provider, string Tool)>();
        string? cursor = null;
        do
        {
            var page = await connections.ListAsync(organization, null, 200, cursor, cancellationToken);
            foreach (var connection in page.Items.Where(c => !c.Settings.Disabled && reached(c.Name)))
            {
                if (connection.Settings.Tools is { } tools)
                    named.UnionWith(tools.Select(tool => (connection.Provider, tool)));
                else
                    unrestricted.Add(connection.Provider);
            }

            cursor = page.Cursor;
        } while (cursor is not null);
        return tool =>
            !(denied && tool.Definition.Effect == Effect.Destructive)
            && packs
                .CompatibleProviders(tool)
                .Prepend(tool.Pack.Id)
                .Any(p => unrestricted.Contains(p) || named.Contains((p, tool.Definition.Name)));
    }
}
