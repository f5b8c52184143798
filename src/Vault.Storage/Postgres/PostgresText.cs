using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;
using Vault.Core.Ledger;
using Vault.Storage.Sql;

namespace Vault.Storage.Postgres;

/// <summary>
/// Converts statements to commands, and a compare-and-swap with its gate and its drafts to one statement.
/// </summary>
internal static partial class PostgresText
{
    private static readonly ConcurrentDictionary<(string Sql, GateRule Rule, bool Drafts), string> Written = new();

    // The SQL texts are constants of this program, so this cache stays small.
    private static readonly ConcurrentDictionary<string, (string Text, string[] Names)> Numbered = new(
        StringComparer.Ordinal
    );

    /// <summary>
    /// The command that sets the scope, first in the batch. The setting ends with the batch's transaction.
    /// </summary>
    public static NpgsqlBatchCommand? Scoped(Scope scope)
    {
        if (scope.Lookup is { } lookup)
        {
            var command = new NpgsqlBatchCommand(
                $"select set_config('vault.organization', coalesce({lookup}($1), ''), true)"
            );
            command.Parameters.Add(
                new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = scope.Argument! }
            );
            return command;
        }

        if (scope.Owner is not { } owner)
            return null;
        var set = new NpgsqlBatchCommand("select set_config('vault.organization', $1, true)");
        set.Parameters.Add(new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = owner });
        return set;
    }

    public static NpgsqlBatchCommand Command(Statement statement) => Bind(statement.Sql, statement.Parameters);

    /// <summary>
    /// One statement, therefore one round trip: it locks the gate, changes the row, and writes the drafts to the outbox
    /// if the row was changed. It returns whether the gate's condition was met and how many rows were written.
    /// </summary>
    public static NpgsqlBatchCommand Command(Write write, LedgerEntryWriter entryWriter)
    {
        var sql = Written.GetOrAdd((write.Statement.Sql, write.Rule, write.Drafts.Count > 0), static key =>
            Compose(key.Sql, key.Rule, key.Drafts)
        );
        List<Parameter> parameters = [.. write.Statement.Parameters];
        if (write.Rule != GateRule.None)
            parameters.Add(new Parameter("gate_organization", ParameterKind.Text, write.Organization.Value));
        if (write.Rule == GateRule.OpenAt)
            parameters.Add(new Parameter("gate_epoch_wanted", ParameterKind.Integer, write.Epoch));
        if (write.Drafts.Count > 0)
            Drafts(parameters, [.. write.Drafts.Select(entryWriter.Write)]);
        return Bind(sql, parameters);
    }

    private static string Compose(string sql, GateRule rule, bool drafts)
    {
        // FOR SHARE, not FOR KEY SHARE: a change of the gate updates non-key columns and takes FOR NO KEY UPDATE, which
        // conflicts with FOR SHARE. It does not conflict with FOR KEY SHARE: then the write could commit after the
        // gate was closed and the closing was acknowledged. If the gate's change commits first, PostgreSQL tests this
        // condition again on the new row.
        var gate = rule switch
        {
            GateRule.OpenAt => "gate as materialized (select 1 from organizations where id = @gate_organization "
                + "and gate_open and gate_epoch = @gate_epoch_wanted for share), ",
            GateRule.Exists =>
                "gate as materialized (select 1 from organizations where id = @gate_organization for share), ",
            _ => "",
        };
        var guarded = sql.Replace(
            Sql.Write.Guard,
            rule == GateRule.None ? "" : "and exists (select 1 from gate)",
            StringComparison.Ordinal
        );
        var outbox = drafts
            ? $", outbox as (insert into ledger_outbox ({Outbox.Columns}) select d.* "
                + "from unnest(@draft_organizations, @draft_events, @draft_times, @draft_bodies, @draft_types, "
                + "@draft_executions, @draft_users, @draft_agents, @draft_tools, @draft_accounts) d "
                + "where exists (select 1 from written))"
            : "";
        var gateCount = rule == GateRule.None ? "1::bigint" : "(select count(*) from gate)";
        return $"with {gate}written as ({guarded} returning 1){outbox} "
            + $"select {gateCount}, (select count(*) from written)";
    }

    private static void Drafts(List<Parameter> parameters, PendingEntry[] entries)
    {
        parameters.Add(new Parameter("draft_organizations", ParameterKind.Texts, Texts(e => e.Organization.Value)));
        parameters.Add(new Parameter("draft_events", ParameterKind.Texts, Texts(e => e.EventId)));
        parameters.Add(
            new Parameter("draft_times", ParameterKind.Integers, Array.ConvertAll(entries, e => Micros.From(e.Time)))
        );
        parameters.Add(
            new Parameter("draft_bodies", ParameterKind.BytesList, Array.ConvertAll(entries, e => e.Body.ToArray()))
        );
        parameters.Add(new Parameter("draft_types", ParameterKind.Texts, Texts(e => e.Index.Type)));
        parameters.Add(new Parameter("draft_executions", ParameterKind.Texts, Texts(e => e.Index.ExecutionId)));
        parameters.Add(new Parameter("draft_users", ParameterKind.Texts, Texts(e => e.Index.User)));
        parameters.Add(new Parameter("draft_agents", ParameterKind.Texts, Texts(e => e.Index.Agent)));
        parameters.Add(new Parameter("draft_tools", ParameterKind.Texts, Texts(e => e.Index.Tool)));
        parameters.Add(new Parameter("draft_accounts", ParameterKind.Texts, Texts(e => e.Index.Account)));

        string?[] Texts(Func<PendingEntry, string?> member) => Array.ConvertAll(entries, e => member(e));
    }

    private static NpgsqlBatchCommand Bind(string sql, IReadOnlyList<Parameter> parameters)
    {
        // Parameters by number: with names the driver would parse the SQL on every use.
        var (text, names) = Numbered.GetOrAdd(sql, static written => Number(written));
        var command = new NpgsqlBatchCommand(text);
        for (var i = 0; i < names.Length; i++)
            command.Parameters.Add(Typed(Named(parameters, names[i], i)));
        return command;
    }

    private static (string Text, string[] Names) Number(string sql)
    {
        var names = new List<string>();
        var text = ParameterName()
            .Replace(sql, match =>
            {
                var name = match.Groups[1].Value;
                if (!names.Contains(name))
                    names.Add(name);
                return "$" + (names.IndexOf(name) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            });
        return (text, [.. names]);
    }

    // Usually the parameters are given in the order of the SQL text.
    private static Parameter Named(IReadOnlyList<Parameter> parameters, string name, int guess)
    {
        if (guess < parameters.Count && parameters[guess].Name == name)
            return parameters[guess];
        for (var i = 0; i < parameters.Count; i++)
            if (parameters[i].Name == name)
                return parameters[i];
        throw new InvalidOperationException($"The statement has no value for the parameter @{name}.");
    }

    [GeneratedRegex("@([a-z_][a-z0-9_]*)")]
    private static partial Regex ParameterName();

    private static NpgsqlParameter Typed(Parameter parameter) =>
        new()
        {
            NpgsqlDbType = parameter.Kind switch
            {
                ParameterKind.Text => NpgsqlDbType.Text,
                ParameterKind.Integer => NpgsqlDbType.Bigint,
                ParameterKind.Boolean => NpgsqlDbType.Boolean,
                ParameterKind.Bytes => NpgsqlDbType.Bytea,
                ParameterKind.Texts => NpgsqlDbType.Array | NpgsqlDbType.Text,
                ParameterKind.Integers => NpgsqlDbType.Array | NpgsqlDbType.Bigint,
                _ => NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            },
            Value = parameter.Value ?? DBNull.Value,
        };
}
