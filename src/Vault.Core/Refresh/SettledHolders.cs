using Vault.Core.Accounts;

namespace Vault.Core.Refresh;

/// <summary>
/// Which processes are dead and have left nothing in their data folder, so that nothing more will be heard of their
/// attempts. A process that has locked a folder and drained its spool says so to all hosts, for every process that had
/// the folder before it. "The cluster has declared it dead" says nothing: an evicted process finishes its refreshes.
/// </summary>
public sealed class SettledHolders(IHostIdentity host, IRefreshNotes notes, TimeProvider time)
{
    private const string Kind = "drained";
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(10);

    private volatile Dictionary<string, long> _drained = [];
    private bool _announced;
    private long? _readAt;

    /// <summary>The spool of this host's folder is empty of what earlier processes left.</summary>
    public async Task AnnounceAsync()
    {
        if (_announced)
            return;
        if (DataFolderHolder.Of(host.Holder) is { } mine)
            await notes
                .PutAsync(new(Kind, mine.Folder, "", DataFolderHolder.Text(mine.Number), time.GetUtcNow()), default)
                .ConfigureAwait(false);
        _announced = true;
    }

    /// <summary>
    /// An operator declares a folder lost: no process will have it again, so no response in it will be committed.
    /// </summary>
    public static Task DeclareLostAsync(
        IRefreshNotes notes,
        string folder,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(notes);
        var note = new RefreshNote(Kind, folder, "", DataFolderHolder.Text(long.MaxValue), now);
        return notes.PutAsync(note, cancellationToken);
    }

    /// <summary>Reads what the hosts have said; what it knows already is at most ten seconds old.</summary>
    public async Task ReadAsync()
    {
        if (_readAt is { } at && time.GetElapsedTime(at) < Keep)
            return;
        var now = time.GetTimestamp();
        var read = await notes.ListAsync(Kind, null, CancellationToken.None).ConfigureAwait(false);
        _drained = read.ToDictionary(n => n.Subject, n => DataFolderHolder.Read(n.Value));
        _readAt = now;
    }

    /// <summary>The settled ones of those that an account waits for; null when there is none.</summary>
    public IReadOnlyCollection<string>? Among(AccountState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var waitsFor = state.Doubt?.Unreported ?? [];
        if (state.Intent is { } intent)
            waitsFor = waitsFor.Append(intent.Holder);
        var settled = waitsFor.Where(IsSettled).ToList();
        return settled.Count == 0 ? null : settled;
    }

    private bool IsSettled(string holder) =>
        (_announced && host.IsDead(holder))
        || (
            DataFolderHolder.Of(holder) is { } former
            && _drained.TryGetValue(former.Folder, out var number)
            && number > former.Number
        );
}
