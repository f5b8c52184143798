using Vault.Core.Accounts;

namespace Vault.TestKit.Memory;

/// <summary>Notes in memory, shared by the hosts of a test.</summary>
public sealed class MemoryRefreshNotes : IRefreshNotes
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Kind, string Subject, string Detail), RefreshNote> _notes = [];

    /// <summary>Each note without its time.</summary>
    internal IEnumerable<string> Describe()
    {
        lock (_lock)
            return [.. _notes.Values.Select(n => $"{n.Kind}/{n.Subject}/{n.Detail}={n.Value}")];
    }

    public Task PutAsync(RefreshNote note, CancellationToken cancellationToken)
    {
        lock (_lock)
            _notes[(note.Kind, note.Subject, note.Detail)] = note;
        return Task.CompletedTask;
    }

    public Task<bool> TryTakeAsync(RefreshNote note, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var key = (note.Kind, note.Subject, note.Detail);
            if (_notes.TryGetValue(key, out var held) && held.At > now)
                return Task.FromResult(false);
            _notes[key] = note;
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<RefreshNote>> ListAsync(string kind, string? subject, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<RefreshNote>>([
                .. _notes.Values.Where(n => n.Kind == kind && (subject is null || n.Subject == subject)),
            ]);
    }

    public Task<int> RemoveAsync(string kind, string subject, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var gone = _notes.Keys.Where(k => k.Kind == kind && k.Subject == subject).ToList();
            foreach (var key in gone)
                _notes.Remove(key);
            return Task.FromResult(gone.Count);
        }
    }
}
