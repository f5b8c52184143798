using Vault.Core.Ledger;

namespace Vault.Storage.Sql;

/// <summary>The statement that writes a draft to the outbox, in the transaction of the change it records.</summary>
internal static class Outbox
{
    public const string Columns =
        "organization_id, event_id, time, body, type, execution_id, user_id, agent, tool, account_id";

    public static Statement Insert(PendingEntry entry) =>
        new Statement(
            $"insert into ledger_outbox ({Columns}) values (@organization, @event, @time, @body, @type, "
                + "@execution, @user, @agent, @tool, @account)"
        )
            .Text("organization", entry.Organization.Value)
            .Text("event", entry.EventId)
            .Time("time", entry.Time)
            .Bytes("body", entry.Body)
            .Text("type", entry.Index.Type)
            .Text("execution", entry.Index.ExecutionId)
            .Text("user", entry.Index.User)
            .Text("agent", entry.Index.Agent)
            .Text("tool", entry.Index.Tool)
            .Text("account", entry.Index.Account);
}
