using Vault.Core.Accounts;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>The notes that hosts share about refreshes.</summary>
internal sealed class SqlRefreshNotes(IDatabase database) : IRefreshNotes
{
    private const string PutSql = """
        insert into refresh_notes (kind, subject, detail, value, at)
        select @kind, @subject, @detail, @value, @at where true
        on conflict (kind, subject, detail) do update set value = @value, at = @at
        """;

    // The key lets one of two hosts insert; of two that find an old note, the second finds it renewed.
    private const string TakeSql = PutSql + " where refresh_notes.at <= @now";

    public Task PutAsync(RefreshNote note, CancellationToken cancellationToken) =>
        database.ChangeAsync(Scope.None, Of(PutSql, note), cancellationToken);

    public async Task<bool> TryTakeAsync(RefreshNote note, DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.ChangeAsync(Scope.None, Of(TakeSql, note).Time("now", now), cancellationToken) == 1;

    public async Task<IReadOnlyList<RefreshNote>> ListAsync(
        string kind,
        string? subject,
        CancellationToken cancellationToken
    )
    {
        var statement = new Statement(
            "select kind, subject, detail, value, at from refresh_notes where kind = @kind"
                + (subject is null ? "" : " and subject = @subject")
                + " order by subject, detail"
        ).Text("kind", kind);
        if (subject is not null)
            statement.Text("subject", subject);
        return await database.ReadAsync(
            Scope.None,
            statement,
            r => new RefreshNote(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Time(4)),
            cancellationToken
        );
    }

    public Task<int> RemoveAsync(string kind, string subject, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            Scope.None,
            new Statement("delete from refresh_notes where kind = @kind and subject = @subject")
                .Text("kind", kind)
                .Text("subject", subject),
            cancellationToken
        );

    private static Statement Of(string sql, RefreshNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        return new Statement(sql)
            .Text("kind", note.Kind)
            .Text("subject", note.Subject)
            .Text("detail", note.Detail)
            .Text("value", note.Value)
            .Time("at", note.At);
    }
}
