using System.Collections.Immutable;
using System.Text.Json;
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

/// <summary>
/// Creates, changes and reads connections. All faults of a request are reported before anything is written.
/// </summary>
public sealed class ConnectionRegistry(
    IConnectionStore store,
    IOrganizationStore organizations,
    IPacks packs,
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
                SealContext.ClientSecret(draft.Organization, id, 1),
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
            [Draft(LedgerEvents.ConnectionCreated, row, by)],
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

    public async Task<Result<ConnectionRow>> ChangeAsync(
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
                return row;
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
            var next = row with { Settings = settings, Version = row.Version + 1, UpdatedAt = time.GetUtcNow() };
            if (change.RemoveSecret)
                next = next with { ClientSecret = null };
            if (change.ClientSecret is { } plain)
            {
                // With a new generation, an old ciphertext that is put back into the row cannot be decrypted (law 11).
                var generation = row.SecretGeneration + 1;
                var sealing = await sealer.SealAsync(
                    plain,
                    SealContext.ClientSecret(organization, row.Id, generation),
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
                    [Draft(LedgerEvents.ConnectionChanged, next, by)],
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
                    [Draft(LedgerEvents.ConnectionChanged, next, by)],
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

    internal LedgerDraft Draft(string type, ConnectionRow row, string by) =>
        new()
        {
            EventId = ids.NewEvent(),
            Organization = row.Organization,
            Type = type,
            Time = time.GetUtcNow(),
            Caller = by,
            Connection = row.Name.Value,
            Provider = row.Provider,
            Details = JsonSerializer.SerializeToElement(
                new Dictionary<string, object?>
                {
                    ["connection_id"] = row.Id,
                    ["client_id"] = row.Settings.ClientId,
                    ["scopes"] = row.Settings.Scopes.ToArray(),
                    ["scopes_version"] = row.Settings.ScopesVersion,
                    ["staged"] = row.Settings.Bundles.FirstOrDefault(b => b.Stage == BundleStage.Staged) is { } staged
                        ? $"{staged.Version}:{staged.Percent}"
                        : null,
                    ["return_urls"] = row.Settings.ReturnUrls.ToArray(),
                    ["secret_generation"] = row.SecretGeneration,
                    ["disabled"] = row.Settings.Disabled,
                }
            ),
        };

    private static VaultError Unknown() => new(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
}
