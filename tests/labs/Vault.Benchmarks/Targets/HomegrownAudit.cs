using System.Text.Json;
using Npgsql;

namespace Vault.Benchmarks.Targets;

/// <summary>One plain row per call, without a chain: the least that answers who did what.</summary>
internal sealed class HomegrownAudit(NpgsqlDataSource source)
{
    public const string Table = """
        create table audit (
            id bigint generated always as identity primary key, at timestamptz not null default now(),
            organization text not null, user_id text not null, tool text not null, input text not null,
            status integer not null)
        """;

    public async Task AppendAsync(JsonElement call, int status, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "insert into audit (organization, user_id, tool, input, status) values ($1, $2, $3, $4, $5)"
        );
        command.Parameters.Add(Text(call.GetProperty("organization_id").GetString()!));
        command.Parameters.Add(Text(call.GetProperty("user_id").GetString()!));
        command.Parameters.Add(Text(call.GetProperty("tool_name").GetString()!));
        command.Parameters.Add(Text(call.GetProperty("tool_input").GetRawText()));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = status });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };
}
