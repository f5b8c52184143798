using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>Stores the whole of a truncated output, sealed, for a limited time.</summary>
public sealed class OutputKeeper(
    IOutputStore store,
    Keyring keyring,
    Sealer sealer,
    TimeProvider time,
    ExecutionOptions options
)
{
    /// <summary>The handle. Null when the output could not be stored; that does not fail the execution.</summary>
    public async Task<string?> KeepAsync(
        OrganizationId organization,
        string executionId,
        UpstreamReply reply,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Complete.IsEmpty)
            return null;
        try
        {
            var held = await keyring.HoldActiveAsync(organization, cancellationToken).ConfigureAwait(false);
            if (!held.TryGet(out var key, out _))
                return null;
            using (key)
            {
                var blob = sealer.Seal(key, reply.Complete.Span, SealContext.Output(organization, executionId));
                await store
                    .PutAsync(
                        new StoredOutput(
                            organization,
                            executionId,
                            reply.ContentType ?? "application/json",
                            reply.Complete.Length,
                            blob,
                            time.GetUtcNow() + options.OutputLife
                        ),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
                return executionId;
            }
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Null when there is none, or when it has expired.</summary>
    public async Task<Result<(string ContentType, Secret Body)?>> ReadAsync(
        OrganizationId organization,
        string executionId,
        CancellationToken cancellationToken
    )
    {
        var stored = await store
            .FindAsync(organization, executionId, time.GetUtcNow(), cancellationToken)
            .ConfigureAwait(false);
        if (stored is null)
            return ((string, Secret)?)null;
        var opened = await sealer
            .OpenAsync(stored.Body, SealContext.Output(organization, executionId), cancellationToken)
            .ConfigureAwait(false);
        return opened.TryGet(out var body, out var error) ? ((string, Secret)?)(stored.ContentType, body) : error;
    }
}
