using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Tools;

/// <summary>
/// The tools that an organization's connections offer: no other tool can be called there, whatever a user consents to.
/// This is only a filter of lists: the executor checks connection and policy again.
/// </summary>
internal sealed class OfferedTools(IPacks packs, IConnectionStore connections, IOrganizationStore organizations)
{
    public async Task<Func<Tool, bool>> OfAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var denied =
            (await organizations.FindAsync(organization, cancellationToken))?.State.DestructivePolicy == "deny";
        var unrestricted = new HashSet<string>(StringComparer.Ordinal);
        var named = new HashSet<(string Provider, string Tool)>();
        string? cursor = null;
        do
        {
            var page = await connections.ListAsync(organization, null, 200, cursor, cancellationToken);
            foreach (var connection in page.Items.Where(c => !c.Settings.Disabled))
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
