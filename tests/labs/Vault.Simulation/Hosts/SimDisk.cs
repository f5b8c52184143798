using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Simulation;

/// <summary>
/// A machine's reply spool: its own disk, which outlives the process. A power cut takes what was not synced, and brings
/// back what was removed without a sync.
/// </summary>
internal sealed class SimDisk(World world, SimHost host) : IReplySpool
{
    private static readonly TimeSpan Old = TimeSpan.FromSeconds(20);
    private readonly List<SpooledReply> _files = [];
    private readonly List<SpooledReply> _unsynced = [];
    private readonly List<SpooledReply> _removed = [];

    public bool Full { get; set; }

    public int Count => _files.Count;

    public async Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken)
    {
        var subject = world.Of(reply.Key);
        if (world.Bug == Bug.UnsyncedSpool && !Full)
        {
            _files.Add(reply);
            _unsynced.Add(reply);
            world.Promise(host, subject, reply);
            return true;
        }

        // Written under another name, synced, renamed: a crash in between leaves the whole file or none.
        return await world.CallAsync<bool>(host, Peer.Disk, "spool the reply", subject, () =>
        {
            if (Full)
                return false;
            _files.Add(reply);
            world.Promise(host, subject, reply);
            return true;
        });
    }

    public Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        if (world.Bug == Bug.LateSuccessDropped)
            _files.RemoveAll(f => host.Clock.GetUtcNow() - f.SpooledAt > Old);
        return Task.FromResult<IReadOnlyList<SpooledReply>>([.. _files.Take(limit)]);
    }

    public Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken)
    {
        foreach (var file in _files.Where(f => f.Key == key && f.AttemptId == attemptId).ToList())
        {
            _files.Remove(file);
            _removed.Add(file);
        }

        return Task.CompletedTask;
    }

    public void LosePower()
    {
        foreach (var file in _unsynced)
            _files.Remove(file);
        _unsynced.Clear();
        foreach (var file in _removed)
            if (world.Dice.Chance(50))
                _files.Add(file);
        _removed.Clear();
    }
}
