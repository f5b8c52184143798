using Npgsql;
using Vault.Core.Accounts;

namespace Vault.Campaigns.Lab;

/// <summary>
/// Who held every intent there ever was, kept by the database itself. A row forgets the holder when a lapsed intent
/// becomes a doubt, and a look from outside comes too late for a lease that lapses meanwhile, or too early for what a
/// frozen process begins when it wakes up.
/// </summary>
public sealed class Attempts(string database)
{
    private const string Install = """
        create schema if not exists lab;
        create table lab.attempts (attempt text primary key, holder text not null, noted timestamptz not null default clock_timestamp());
        create function lab.note_attempt() returns trigger language plpgsql security definer as $$
        begin
          insert into lab.attempts (attempt, holder) values (new.state::jsonb #>> '{intent,attempt_id}', new.state::jsonb #>> '{intent,holder}') on conflict do nothing;
          return null;
        end $$;
        create trigger note_attempt after insert or update on vault.accounts for each row when (new.state::jsonb #>> '{intent,attempt_id}' is not null) execute function lab.note_attempt();
        """;

    /// <summary>From now on.</summary>
    public Task KeepAsync(CancellationToken cancellationToken) => RunAsync(Install, null, cancellationToken);

    /// <summary>Which processes made the attempts that are in doubt, and when.</summary>
    public async Task<IReadOnlyList<(int Process, DateTime At)>> HoldersAsync(
        InDoubtAttempts doubt,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(doubt);
        string[] attempts = doubt.Attempts.IsDefaultOrEmpty
            ? [doubt.AttemptId]
            : [.. doubt.Attempts.Select(a => a.AttemptId)];
        return await RunAsync(
            "select split_part(holder, '/', 2)::int, noted from lab.attempts where attempt = any(@attempts)",
            attempts,
            cancellationToken
        );
    }

    private async Task<IReadOnlyList<(int Process, DateTime At)>> RunAsync(
        string sql,
        string[]? attempts,
        CancellationToken cancellationToken
    )
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        if (attempts is not null)
            command.Parameters.AddWithValue("attempts", attempts);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(int, DateTime)> found = [];
        while (attempts is not null && await reader.ReadAsync(cancellationToken))
            found.Add((reader.GetInt32(0), reader.GetDateTime(1)));
        return found;
    }
}
