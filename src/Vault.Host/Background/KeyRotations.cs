using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Host.Observability;

namespace Vault.Host.Background;

/// <summary>
/// Continues key rotations that a request or a crash left unfinished, and reports those that are blocked by rows that
/// cannot be decrypted.
/// </summary>
public sealed class KeyRotations(
    IKeyRotationStore journal,
    KeyRotation rotation,
    VaultMetrics metrics,
    ILogger<KeyRotations> log
)
{
    private const int Batch = 1_000;

    // The last message per organization, so that a rotation that stays blocked by the same rows is logged once and not
    // every half minute.
    private readonly Dictionary<OrganizationId, string> _blocked = [];

    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        var unfinished = await journal.ListUnfinishedAsync(Batch, cancellationToken);
        foreach (var gone in _blocked.Keys.Except(unfinished).ToList())
            _blocked.Remove(gone);
        foreach (var id in unfinished)
        {
            try
            {
                Report(id, await rotation.ResumeAsync(id, cancellationToken));
            }
#pragma warning disable CA1031 // A rotation may fail, for example on a key that does not unwrap; the others continue.
            catch (Exception e) when (e is not (OperationCanceledException or StoreUnavailableException))
            {
                log.LogError("The key rotation of {Organization} failed: {Exception}", id.Value, e.GetType().FullName);
                metrics.Failed("key_rotation", null, e);
            }
#pragma warning restore CA1031
        }

        metrics.KeyRotationsBlocked(_blocked.Count);
    }

    private void Report(OrganizationId id, RotationReport report)
    {
        if (report.State != RotationState.Blocked)
        {
            // RunAgain: keys or rows were unavailable this time, so an earlier block still holds.
            if (report.State != RotationState.RunAgain)
                _blocked.Remove(id);
            return;
        }

        var rows = string.Join(", ", report.Broken.Take(KeyRotation.MaxNamed));
        if (_blocked.GetValueOrDefault(id) == rows)
            return;
        _blocked[id] = rows;
        log.LogError(
            "The rotation of {Organization} to key version {Version} is blocked: {Count} rows cannot be decrypted "
                + "and keep the older key in use: {Rows}",
            id.Value,
            report.ToVersion,
            report.Broken.Count,
            rows
        );
    }
}
