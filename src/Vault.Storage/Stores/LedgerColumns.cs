using System.Data.Common;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

internal static class LedgerColumns
{
    public const string Select =
        "organization_id, seq, event_id, time, body, body_digest, prev_hash, hash, type, execution_id, "
        + "user_id, agent, tool, account_id";

    public static LedgerEntry Read(DbDataReader r) =>
        new(
            new OrganizationId(r.GetString(0)),
            r.GetInt64(1),
            r.GetString(2),
            r.Time(3),
            r.IsDBNull(4) ? (ReadOnlyMemory<byte>?)null : r.Bytes(4),
            r.Hash(5),
            r.Hash(6),
            r.Hash(7),
            Index(r, 8)
        );

    /// <summary>Reads a row of the outbox with the columns in the order of <see cref="Outbox.Columns"/>.</summary>
    public static PendingEntry ReadPending(DbDataReader r) =>
        new(new OrganizationId(r.GetString(0)), r.GetString(1), r.Time(2), r.Bytes(3), Index(r, 4));

    public static LedgerHash Hash(this DbDataReader r, int column) => LedgerHash.From(r.Bytes(column));

    private static LedgerIndex Index(DbDataReader r, int at) =>
        new(
            r.TextOrNull(at),
            r.TextOrNull(at + 1),
            r.TextOrNull(at + 2),
            r.TextOrNull(at + 3),
            r.TextOrNull(at + 4),
            r.TextOrNull(at + 5)
        );
}
