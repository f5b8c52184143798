using Vault.Core.Accounts;

namespace Vault.Simulation;

/// <summary>The notes about refreshes as one process sees them: in the store that all hosts share.</summary>
internal sealed class SimNotes(World world, SimHost host) : IRefreshNotes
{
    public Task PutAsync(RefreshNote note, CancellationToken cancellationToken) =>
        world.CallAsync<object?>(host, Peer.Store, $"note {note.Kind} {note.Subject}", null, () =>
        {
            Scene.Wait(DoneAsync(world.Store.RefreshNotes.PutAsync(note, default)));
            return null;
        });

    public Task<bool> TryTakeAsync(RefreshNote note, DateTimeOffset now, CancellationToken cancellationToken) =>
        world.CallAsync<bool>(host, Peer.Store, $"take {note.Kind} {note.Subject}", null, () =>
            Scene.Wait(world.Store.RefreshNotes.TryTakeAsync(note, now, default))
        );

    public Task<IReadOnlyList<RefreshNote>> ListAsync(
        string kind,
        string? subject,
        CancellationToken cancellationToken
    ) =>
        world.CallAsync<IReadOnlyList<RefreshNote>>(host, Peer.Store, $"read notes {kind}", null, () =>
            Scene.Wait(world.Store.RefreshNotes.ListAsync(kind, subject, default))
        );

    public Task<int> RemoveAsync(string kind, string subject, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private static async Task<bool> DoneAsync(Task task)
    {
        await task;
        return true;
    }
}
