using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using Vault.Core.Ledger;
using Vault.Storage.Sql;

namespace Vault.Storage.Postgres;

/// <summary>Turns statements into commands, and a compare-and-swap with its gate and its drafts into one statement.</summary>
internal static class PostgresText
{
    private static readonly ConcurrentDictionary<(string Sql, GateRule Rule, bool Drafts), string> Written = new();

    /// <summary>The scope as the first command of the batch: the setting lives exactly as long as the batch's own transaction.</summary>
    public static NpgsqlBatchCommand? Scoped(Scope scope)
    {
        if (scope.Lookup is { } lookup)
        {
            var command = new NpgsqlBatchCommand($"select set_config('vault.organization', coalesce({lookup}($1), ''), true)");
            command.Parameters.Add(new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = scope.Argument! });
            return command;
        }

        if (scope.Owner is not { } owner) return null;
        var set = new NpgsqlBatchCommand("select set_config('vault.organization', $1, true)");
        set.Parameters.Add(new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = owner });
        return set;
    }

    public static NpgsqlBatchCommand Command(Statement statement) => Bind(new NpgsqlBatchCommand(statement.Sql), statement);

    /// <summary>
    /// One statement, so one round trip: it holds the gate, changes the row, and puts the drafts into the outbox if the row was changed. It answers whether the
    /// gate was as asked, and how many rows were written.
    /// </summary>
    public static NpgsqlBatchCommand Command(Write write, LedgerScribe scribe)
    {
        var sql = Written.GetOrAdd((write.Statement.Sql, write.Rule, write.Drafts.Count > 0), static key => Compose(key.Sql, key.Rule, key.Drafts));
        var command = Bind(new NpgsqlBatchCommand(sql), write.Statement);
        if (write.Rule != GateRule.None) Add(command, new Parameter("gate_organization", ParameterKind.Text, write.Organization.Value));
        if (write.Rule == GateRule.OpenAt) Add(command, new Parameter("gate_epoch_wanted", ParameterKind.Integer, write.Epoch));
        if (write.Drafts.Count > 0) Drafts(command, [.. write.Drafts.Select(scribe.Write)]);
        return command;
    }

    private static string Compose(string sql, GateRule rule, bool drafts)
    {
        // FOR SHARE, not FOR KEY SHARE: a change of the gate is an update of non-key columns, which takes FOR NO KEY UPDATE. That waits for FOR SHARE and is
        // waited for by it; FOR KEY SHARE would let both go on, and the write could commit after the gate was shut and acknowledged. When the gate's change
        // commits first, this condition is tested again on the new row.
        var gate = rule switch
        {
            GateRule.OpenAt => "gate as materialized (select 1 from organizations where id = @gate_organization and gate_open and gate_epoch = @gate_epoch_wanted for share), ",
            GateRule.Exists => "gate as materialized (select 1 from organizations where id = @gate_organization for share), ",
            _ => "",
        };
        var guarded = sql.Replace(Sql.Write.Guard, rule == GateRule.None ? "" : "and exists (select 1 from gate)", StringComparison.Ordinal);
        var outbox = drafts
            ? $", outbox as (insert into ledger_outbox ({Outbox.Columns}) select d.* from unnest(@draft_organizations, @draft_events, @draft_times, @draft_bodies, @draft_types, "
                + "@draft_executions, @draft_users, @draft_agents, @draft_tools, @draft_accounts) d where exists (select 1 from written))"
            : "";
        var gateCount = rule == GateRule.None ? "1::bigint" : "(select count(*) from gate)";
        return $"with {gate}written as ({guarded} returning 1){outbox} select {gateCount}, (select count(*) from written)";
    }

    private static void Drafts(NpgsqlBatchCommand command, PendingEntry[] entries)
    {
        Add(command, new Parameter("draft_organizations", ParameterKind.Texts, Texts(e => e.Organization.Value)));
        Add(command, new Parameter("draft_events", ParameterKind.Texts, Texts(e => e.EventId)));
        Add(command, new Parameter("draft_times", ParameterKind.Integers, Array.ConvertAll(entries, e => Micros.From(e.Time))));
        Add(command, new Parameter("draft_bodies", ParameterKind.BytesList, Array.ConvertAll(entries, e => e.Body.ToArray())));
        Add(command, new Parameter("draft_types", ParameterKind.Texts, Texts(e => e.Index.Type)));
        Add(command, new Parameter("draft_executions", ParameterKind.Texts, Texts(e => e.Index.ExecutionId)));
        Add(command, new Parameter("draft_users", ParameterKind.Texts, Texts(e => e.Index.User)));
        Add(command, new Parameter("draft_agents", ParameterKind.Texts, Texts(e => e.Index.Agent)));
        Add(command, new Parameter("draft_tools", ParameterKind.Texts, Texts(e => e.Index.Tool)));
        Add(command, new Parameter("draft_accounts", ParameterKind.Texts, Texts(e => e.Index.Account)));

        string?[] Texts(Func<PendingEntry, string?> member) => Array.ConvertAll(entries, e => member(e));
    }

    private static NpgsqlBatchCommand Bind(NpgsqlBatchCommand command, Statement statement)
    {
        foreach (var parameter in statement.Parameters) Add(command, parameter);
        return command;
    }

    private static void Add(NpgsqlBatchCommand command, Parameter parameter) => command.Parameters.Add(new NpgsqlParameter(parameter.Name, parameter.Kind switch
    {
        ParameterKind.Text => NpgsqlDbType.Text,
        ParameterKind.Integer => NpgsqlDbType.Bigint,
        ParameterKind.Boolean => NpgsqlDbType.Boolean,
        ParameterKind.Bytes => NpgsqlDbType.Bytea,
        ParameterKind.Texts => NpgsqlDbType.Array | NpgsqlDbType.Text,
        ParameterKind.Integers => NpgsqlDbType.Array | NpgsqlDbType.Bigint,
        _ => NpgsqlDbType.Array | NpgsqlDbType.Bytea,
    }) { Value = parameter.Value ?? DBNull.Value });
}
