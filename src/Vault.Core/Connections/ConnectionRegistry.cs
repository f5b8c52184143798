using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Connections;

/// <summary>A connection to create. The caller disposes the secret.</summary>
public sealed record ConnectionDraft(
    OrganizationId Organization,
    string? Name,
    string Provider,
    ConnectionSettings Settings,
    Secret? ClientSecret
);

/// <summary>
/// A change of a connection: the new settings, and whether the secret is replaced or removed.
/// </summary>
public sealed record ConnectionChange(
    Func<ConnectionSettings, ConnectionSettings> Apply,
    Secret? ClientSecret,
    bool RemoveSecret
);

/// <param name="AccountsStopped">The number of accounts whose credentials are bound to other addresses than the change
/// leads to; null when it changes no address.</param>
public sealed record ConnectionChanged(ConnectionRow Row, long? AccountsStopped);

/// <summary>
/// Creates, changes and reads connections. All faults of a request are reported before anything is written.
/// </summary>
public sealed class ConnectionRegistry(
    IConnectionStore store,
    IOrganizationStore organizations,
    IPacks packs,
    IDestinationReview review,
    Sealer sealer,
    IdFactory ids,
    TimeProvider time,
    ConnectOptions options
)
{
    public async Task<Result<ConnectionRow>> CreateAsync(
        ConnectionDraft draft,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (!packs.TryGet(draft.Provider, out var pack))
            return new VaultError(ErrorCatalogue.ProviderUnknown, $"provider: '{draft.Provider}' is not known.");
        var name = draft.Name ?? pack.Id;
        var faults = ConnectionRules.Check(packs, pack, draft.Settings, draft.ClientSecret is not null, options);
        // Lookups try an id before a name, so a connection whose name looks like an id could not be found.
        if (!ConnectionName.IsValid(name) || IdFactory.IsId(name, "conn_"))
            faults = faults.Insert(0, new("name", "has " + ConnectionName.Rule));
        if (faults.Length > 0)
            return ConnectionRules.Refuse(faults);
        if (await organizations.FindAsync(draft.Organization, cancellationToken) is not { } organization)
            return Unknown();
        var id = ids.NewConnection();
        SealedBlob? secret = null;
        if (draft.ClientSecret is { } plain)
        {
            var sealing = await sealer.SealAsync(
                plain,
                SealContext
                    .ClientSecret(draft.Organization, id, 1)
                    .BoundTo(PackOrigins.OfConnection(packs, pack, draft.Settings.Parameters)),
                cancellationToken
            );
            if (!sealing.TryGet(out secret, out var unsealed))
                return unsealed;
        }

        var now = time.GetUtcNow();
        var row = new ConnectionRow(
            id,
            draft.Organization,
            new ConnectionName(name),
            pack.Id,
            1,
            draft.Settings,
            secret,
            secret is null ? 0 : 1,
            now,
            now
        );
        return await store.InsertAsync(
            row,
            GateCheck.OpenAt(organization.State.Gate.Epoch),
            [Draft(LedgerEvents.ConnectionCreated, null, row, by)],
            cancellationToken
        ) switch
        {
            WriteOutcome.Written => row,
            WriteOutcome.GateShut => new VaultError(
                ErrorCatalogue.OrganizationSuspended,
                "The organization is suspended; it cannot create connections."
            ),
            _ => new VaultError(
                ErrorCatalogue.Conflict,
                $"name: a connection '{name}' exists already; choose another name or change that one."
            ),
        };
    }

    /// <summary>Finds a connection by id or by name.</summary>
    public async Task<Result<ConnectionRow>> FindAsync(
        OrganizationId organization,
        string idOrName,
        CancellationToken cancellationToken
    )
    {
        var row =
            IdFactory.IsId(idOrName, "conn_") ? await store.FindAsync(organization, idOrName, cancellationToken)
            : ConnectionName.IsValid(idOrName)
                ? await store.FindAsync(organization, new ConnectionName(idOrName), cancellationToken)
            : null;
        return row is not null
            ? row
            : new VaultError(ErrorCatalogue.ConnectionUnknown, "There is no such connection in this organization.");
    }

    public async Task<Result<ConnectionChanged>> ChangeAsync(
        OrganizationId organization,
        string idOrName,
        ConnectionChange change,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(change);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var found = await FindAsync(organization, idOrName, cancellationToken);
            if (!found.TryGet(out var row, out var missing))
                return missing;
            if (!packs.TryGet(row.Provider, out var pack))
                return new VaultError(
                    ErrorCatalogue.ProviderUnknown,
                    $"The provider '{row.Provider}' of this connection is not loaded."
                );
            var settings = change.Apply(row.Settings);
            // Without a change nothing is written: a rejected request does not touch the row.
            if (ReferenceEquals(settings, row.Settings) && change is { ClientSecret: null, RemoveSecret: false })
                return new ConnectionChanged(row, null);
            if (
                !settings.Scopes.SequenceEqual(row.Settings.Scopes)
                && settings.ScopesVersion == row.Settings.ScopesVersion
            )
                settings = ScopeBundles.Replace(row.Settings, settings);
            var keepsSecret = row.ClientSecret is not null && !change.RemoveSecret;
            var faults = ConnectionRules.Check(
                packs,
                pack,
                settings,
                keepsSecret || change.ClientSecret is not null,
                options,
                row.Settings.Tools
            );
            if (faults.Length > 0)
                return ConnectionRules.Refuse(faults);
            var reviewed = await ReviewAsync(row, pack, settings, change, cancellationToken);
            if (!reviewed.TryGet(out var stopped, out var refused) && refused is not null)
                return refused;
            var next = row with { Settings = settings, Version = row.Version + 1, UpdatedAt = time.GetUtcNow() };
            if (change.RemoveSecret)
                next = next with { ClientSecret = null };
            if (change.ClientSecret is { } plain)
            {
                // With a new generation, an old ciphertext that is put back into the row cannot be decrypted (law 11).
                var generation = row.SecretGeneration + 1;
                var sealing = await sealer.SealAsync(
                    plain,
                    SealContext
                        .ClientSecret(organization, row.Id, generation)
                        .BoundTo(PackOrigins.OfConnection(packs, pack, settings.Parameters)),
                    cancellationToken
                );
                if (!sealing.TryGet(out var secret, out var unsealed))
                    return unsealed;
                next = next with { ClientSecret = secret, SecretGeneration = generation };
            }

            // Compare-and-swap: settings computed from an older row never overwrite a newer one.
            if (
                await store.UpdateAsync(
                    next,
                    row.Version,
                    [Draft(LedgerEvents.ConnectionChanged, row, next, by)],
                    cancellationToken
                ) == WriteOutcome.Written
            )
                return new ConnectionChanged(next, stopped);
        }

        return new VaultError(
            ErrorCatalogue.Conflict,
            "The connection was changed concurrently; read it and try again."
        );
    }

    /// <summary>
    /// Parameters that decide about an address need the client secret again (law 10): who may edit a connection may not
    /// thereby choose where a secret goes that they do not know. Null when no address changes.
    /// </summary>
    private async Task<Result<long?>> ReviewAsync(
        ConnectionRow row,
        ProviderPack pack,
        ConnectionSettings settings,
        ConnectionChange change,
        CancellationToken cancellationToken
    )
    {
        var moved = PackOrigins
            .Variables(packs, pack)
            .Where(name =>
                PackParameters.Find(pack, row.Settings.Parameters, name)
                != PackParameters.Find(pack, settings.Parameters, name)
            )
            .ToList();
        if (moved.Count == 0)
            return (long?)null;
        var reviewed = await review.StoppedByAsync(row, pack, pack, settings.Parameters, cancellationToken);
        if (!reviewed.TryGet(out var stopped, out var failed) && failed is not null)
            return failed;
        if (row.ClientSecret is null || change.ClientSecret is not null || change.RemoveSecret)
            return stopped;
        return VaultError.Invalid(
            "client_secret",
            $"send it again with this change: {string.Join(", ", moved.Select(m => "parameters." + m))} decides about "
                + "the address that it is sent to. "
                + $"The change stops {stopped} account(s) until each is connected again or the address is restored."
        );
    }

    /// <summary>
    /// Disables a connection without validating its settings, so that it works after the connection's pack was removed.
    /// </summary>
    public async Task<Result<ConnectionRow>> DisableAsync(
        OrganizationId organization,
        string idOrName,
        string by,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var found = await FindAsync(organization, idOrName, cancellationToken);
            if (!found.TryGet(out var row, out var missing))
                return missing;
            if (row.Settings.Disabled)
                return row;
            var next = row with
            {
                Settings = row.Settings with { Disabled = true },
                Version = row.Version + 1,
                UpdatedAt = time.GetUtcNow(),
            };
            if (
                await store.UpdateAsync(
                    next,
                    row.Version,
                    [Draft(LedgerEvents.ConnectionChanged, row, next, by)],
                    cancellationToken
                ) == WriteOutcome.Written
            )
                return next;
        }

        return new VaultError(
            ErrorCatalogue.Conflict,
            "The connection was changed concurrently; read it and try again."
        );
    }

    /// <param name="type">The event.</param>
    /// <param name="before">The row before the change; null when the connection is new.</param>
    /// <param name="row">The row as the change leaves it.</param>
    /// <param name="by">The caller.</param>
    internal LedgerDraft Draft(string type, ConnectionRow? before, ConnectionRow row, string by) =>
        LedgerEntries.Connection(
            ids,
            time.GetUtcNow(),
            type,
            by,
            Facts(row),
            row.Id,
            row.Settings.ClientId,
            row.Settings.Scopes,
            row.Settings.ScopesVersion,
            row.Settings.Bundles.FirstOrDefault(b => b.Stage == BundleStage.Staged) is { } staged
                ? $"{staged.Version}:{staged.Percent}"
                : null,
            row.Settings.ReturnUrls,
            row.SecretGeneration,
            row.Settings.Disabled,
            ConnectionHistory.Changes(before, row)
        );

    internal LedgerDraft ToolSetDeleted(string toolSet, ConnectionRow row, IReadOnlyList<string> tools, string by) =>
        LedgerEntries.ToolSetDeleted(ids, time.GetUtcNow(), by, Facts(row), toolSet, row.Id, tools);

    private static LedgerAccount Facts(ConnectionRow row) => new(row.Organization, null, null, row.Name, row.Provider);

    private static VaultError Unknown() => new(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
}
