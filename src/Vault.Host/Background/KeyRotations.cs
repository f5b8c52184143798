using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Host.Observability;

namespace Vault.Host.Background;

/// <summary>
/// Finishes the key rotations that a request or a crash left, and reports those that rows which do not open keep from
/// their end.
/// </summary>
public sealed class KeyRotations(
    IKeyRotationStore journal,
    KeyRotation rotation,
    VaultMetrics metrics,
    ILogger<KeyRotations> log
)
{
    private const int Batch = 1_000;

    // What was logged last, so that a rotation that stays blocked by the same rows is one line and not one every half
    // minute.
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
#pragma warning disable CA1031 // One organization's rotation fails, for example because its new key does not unwrap; those of the others go on.
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
            // RunAgain: keys or rows could not be had this time; what blocked it before still does.
            if (report.State != RotationState.RunAgain)
                _blocked.Remove(id);
            return;
        }

        var rows = string.Join(", ", report.Broken.Take(KeyRotation.MaxNamed));
        if (_blocked.GetValueOrDefault(id) == rows)
            return;
        _blocked[id] = rows;
        log.LogError(
            "The rotation of {Organization} to key version {Version} is blocked: {Count} rows do not open and keep the older key in use: {Rows}",
            id.Value,
            report.ToVersion,
            report.Broken.Count,
            rows
        );
    }
}
