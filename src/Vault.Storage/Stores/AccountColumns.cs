using System.Data.Common;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// The columns of an account. The state column is authoritative; status, generation and shard are copies of it, by
/// which the database can filter.
/// </summary>
internal static class AccountColumns
{
    public const string Select =
        "a.id, a.organization_id, a.user_id, a.connection, a.label, a.connection_id, a.provider, a.version, "
        + "a.state, a.grant_blob, a.grant_blob_key_version, a.credential, a.credential_key_version, "
        + "a.credential_generation, a.due_at, a.created_at, a.updated_at, a.last_used_at";

    /// <summary>The columns of the gate, to be selected after <see cref="Select"/>.</summary>
    public const string SelectGate = "o.gate_open, o.gate_epoch";

    private const int GateAt = 18;

    public static AccountRow Read(DbDataReader r) =>
        new(
            new AccountId(r.GetString(0)),
            new AccountKey(
                new OrganizationId(r.GetString(1)),
                new UserId(r.GetString(2)),
                new ConnectionName(r.GetString(3)),
                r.GetString(4)
            ),
            r.GetString(5),
            r.GetString(6),
            r.GetInt64(7),
            StateJson.To<AccountState>(r.GetString(8)),
            r.Blob(9),
            r.Blob(11),
            r.GetInt64(13),
            r.TimeOrNull(14),
            r.Time(15),
            r.Time(16),
            r.TimeOrNull(17)
        );

    public static Gate ReadGate(DbDataReader r) => new(r.GetBoolean(GateAt), r.GetInt64(GateAt + 1));

    public static AccountSnapshot ReadSnapshot(DbDataReader r) => new(Read(r), ReadGate(r));

    /// <summary>The values an update writes: all but the key, the time of creation and the time of last use.</summary>
    public static Statement Changing(this Statement statement, AccountRow row) =>
        statement
            .Text("id", row.Id.Value)
            .Text("organization", row.Key.Organization.Value)
            .Text("connection_id", row.ConnectionId)
            .Text("provider", row.Provider)
            .Text("status", row.State.ShownStatus.ToString())
            .Integer("generation", row.State.Generation)
            .Text("state", StateJson.From(row.State))
            .Blob("grant_blob", row.Grant)
            .Blob("credential", row.Credential)
            .Integer("credential_generation", row.CredentialGeneration)
            .Time("due_at", row.DueAt)
            .Time("updated_at", row.UpdatedAt);
}
