using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Vault.Client;

/// <summary>The vault's tools as functions for a model (Microsoft.Extensions.AI).</summary>
public static class VaultTools
{
    /// <summary>
    /// Creates functions that act for one user. The model sees names, descriptions and schemas; it cannot choose the
    /// account.
    /// </summary>
    /// <param name="client">The vault.</param>
    /// <param name="userId">The user's id in your application.</param>
    /// <param name="filter">Which tools; its user is ignored.</param>
    /// <param name="readyOnly">Omits tools that the user cannot execute yet (no account, a missing scope). Tools that
    /// need an approval are included.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    public static async Task<IReadOnlyList<AIFunction>> GetFunctionsAsync(
        this IVaultClient client,
        string userId,
        ToolFilter? filter = null,
        bool readyOnly = true,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(userId);
        var functions = new List<AIFunction>();
        await foreach (
            var tool in client
                .ListToolsAsync((filter ?? new ToolFilter()) with { UserId = userId }, cancellationToken)
                .ConfigureAwait(false)
        )
        {
            if (
                readyOnly
                && tool.Requirement
                    is not ({ Ready: true } or { Account: "connected", MissingScopes.Count: 0, Approval: "required" })
            )
                continue;
            functions.Add(new ToolFunction(client, tool, userId, filter?.OrganizationId));
        }

        return functions;
    }

    private sealed class ToolFunction(IVaultClient client, ToolDescription tool, string userId, string? organizationId)
        : AIFunction
    {
        public override string Name => tool.Name;

        public override string Description => tool.Description;

        public override JsonElement JsonSchema => tool.InputSchema;

        /// <summary>
        /// Returns the tool's data. An error of the vault is returned as an object with <c>error</c>, so that the model
        /// can react to it; an unreachable vault throws.
        /// </summary>
        protected override async ValueTask<object?> InvokeCoreAsync(
            AIFunctionArguments arguments,
            CancellationToken cancellationToken
        )
        {
            try
            {
                var call = new ToolCall(tool.Name)
                {
                    UserId = userId,
                    OrganizationId = organizationId,
                    ToolVersion = tool.Version,
                    Input = new Dictionary<string, object?>(arguments),
                };
                var done = await client.ExecuteAsync(call, cancellationToken).ConfigureAwait(false);
                return JsonSerializer.SerializeToElement(
                    new
                    {
                        done.Data,
                        done.Trust,
                        done.NextPageToken,
                        done.Truncated,
                        done.Warnings,
                        done.Upstream,
                    },
                    Transport.Json
                );
            }
            catch (VaultException e) when (e.Problem.Status > 0)
            {
                var p = e.Problem;
                return JsonSerializer.SerializeToElement(
                    new
                    {
                        Error = new
                        {
                            p.Code,
                            p.Detail,
                            p.Advice,
                            p.CanRetry,
                            p.RetryAfterMs,
                            p.ReconnectUrl,
                            p.MissingScopes,
                            p.Violations,
                            p.StatusReason,
                            p.Upstream,
                        },
                    },
                    Transport.Json
                );
            }
        }
    }
}
