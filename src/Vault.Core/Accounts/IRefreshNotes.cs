namespace Vault.Core.Accounts;

/// <summary>A fact about refreshes that all hosts share; never a credential.</summary>
/// <param name="Kind">What the fact is about.</param>
/// <param name="Subject">The folder, connection or provider.</param>
/// <param name="Detail">Tells several facts of one subject apart; empty where there is one.</param>
public sealed record RefreshNote(string Kind, string Subject, string Detail, string Value, DateTimeOffset At);

/// <summary>
/// Facts that the hosts share about presenting refresh tokens again (law 5): which data folders are drained, whose turn
/// it is at a connection, how providers answered a reuse.
/// </summary>
public interface IRefreshNotes
{
    /// <summary>Writes a note, in the place of a former one with the same kind, subject and detail.</summary>
    Task PutAsync(RefreshNote note, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the note only if there is none or its time is before <paramref name="now"/>. Of several hosts at once,
    /// one succeeds.
    /// </summary>
    Task<bool> TryTakeAsync(RefreshNote note, DateTimeOffset now, CancellationToken cancellationToken);

    /// <param name="subject">Null for all subjects.</param>
    Task<IReadOnlyList<RefreshNote>> ListAsync(string kind, string? subject, CancellationToken cancellationToken);

    /// <summary>Removes all notes of a subject. Returns their number.</summary>
    Task<int> RemoveAsync(string kind, string subject, CancellationToken cancellationToken);
}
