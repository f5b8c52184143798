using System.Data.Common;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

internal sealed class SqlKeyRotationStore(IDatabase database) : IKeyRotationStore
{
    private const string Columns =
        "organization_id, to_version, phase, cursor, resealed, started_at, changed_at, row_version, "
        + "requested_by, blocked";

    private const string InsertSql = $"""
        insert into key_rotations ({Columns})
        select @organization, @to_version, @phase, @cursor, @resealed, @started_at, @changed_at, @row_version,
          @requested_by, @blocked
        where true {Write.Guard} on conflict do nothing
        """;

    private const string UpdateSql = $"""
        update key_rotations set to_version = @to_version, phase = @phase, cursor = @cursor, resealed = @resealed,
          started_at = @started_at,
          changed_at = @changed_at, row_version = @row_version, requested_by = @requested_by, blocked = @blocked
        where organization_id = @organization and row_version = @expected {Write.Guard}
        """;

    public async ValueTask<KeyRotationRow?> FindAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) =>
        await database.ReadOneAsync(
            Scope.Of(organization),
            new Statement($"select {Columns} from key_rotations where organization_id = @organization").Text(
                "organization",
                organization.Value
            ),
            Read,
            cancellationToken
        );

    public async ValueTask<bool> TrySaveAsync(
        KeyRotationRow row,
        long expectedRowVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        var statement = new Statement(expectedRowVersion == 0 ? InsertSql : UpdateSql)
            .Text("organization", row.Organization.Value)
            .Integer("to_version", row.ToVersion)
            .Integer("phase", (int)row.Phase)
            .Text("cursor", row.Cursor)
            .Integer("resealed", row.Resealed)
            .Time("started_at", row.StartedAt)
            .Time("changed_at", row.ChangedAt)
            .Integer("row_version", row.RowVersion)
            .Text("requested_by", row.RequestedBy)
            .Text("blocked", row.Blocked.Count == 0 ? null : string.Join('\n', row.Blocked));
        if (expectedRowVersion != 0)
            statement.Integer("expected", expectedRowVersion);
        return await database.WriteAsync(Write.Plain(row.Organization, statement, drafts), cancellationToken)
            == WriteOutcome.Written;
    }

    public async ValueTask<IReadOnlyList<OrganizationId>> ListUnfinishedAsync(
        int limit,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.None,
            new Statement(
                database.Pick(
                    "select * from unfinished_rotations(@take)",
                    "select organization_id from key_rotations where phase <> 3 order by organization_id limit @take"
                )
            ).Integer("take", limit),
            r => new OrganizationId(r.GetString(0)),
            cancellationToken
        );

    private static KeyRotationRow Read(DbDataReader r) =>
        new(
            new OrganizationId(r.GetString(0)),
            (uint)r.GetInt64(1),
            (KeyRotationPhase)r.GetInt64(2),
            r.TextOrNull(3),
            r.GetInt64(4),
            r.Time(5),
            r.Time(6),
            r.GetInt64(7)
        )
        {
            RequestedBy = r.GetString(8),
            Blocked = r.TextOrNull(9)?.Split('\n') ?? [],
        };
}
