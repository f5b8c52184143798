using System.Security.Cryptography;
using Vault.Core.Concurrency;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// The organizations' keys, unwrapped when needed and held for a while. The key is always looked up by (the row's
/// organization, the row's version); nothing is ever read from a ciphertext (law 11). Concurrent callers for one key
/// cause one unwrapping.
/// </summary>
public sealed class Keyring : IDisposable
{
    // A forget during the unwrapping makes the caller read again; this many in a row is a storm of erasures, not a key.
    private const int MaxTurns = 8;

    private readonly IOrganizationKeyStore _store;
    private readonly IKeyWrapper _wrapper;
    private readonly IEntropy _entropy;
    private readonly TimeProvider _time;
    private readonly KeyringOptions _options;
    private readonly KeyCache _cache;
    private readonly ITimer _sweep;
    private readonly SingleFlight<(OrganizationId Organization, uint Version), VaultError?> _unwrappings = new();

    public Keyring(
        IOrganizationKeyStore store,
        IKeyWrapper wrapper,
        IEntropy entropy,
        TimeProvider time,
        KeyringOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(time);
        (_store, _wrapper, _entropy, _time, _options) = (store, wrapper, entropy, time, options ?? new());
        if (string.Join(' ', _options.Faults()) is { Length: > 0 } faults)
            throw new ArgumentException(faults, nameof(options));
        _cache = new KeyCache(_options);
        var period = _options.KeepKey / 4;
        _sweep = time.CreateTimer(_ => _cache.Sweep(_time.GetUtcNow()), null, period, period);
    }

    /// <summary>
    /// The key new values are sealed under. The organization's first key is made here if it never had one. Errors:
    /// <c>organization_unknown</c> when its keys were destroyed, <c>keys_unavailable</c> when the key service cannot be
    /// reached.
    /// </summary>
    /// <exception cref="DecryptionFailedException">The stored key does not unwrap: tampering or a wrong master
    /// key.</exception>
    public ValueTask<Result<SealingKey>> HoldActiveAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    ) => HoldAsync(organization, 0, cancellationToken);

    /// <summary>
    /// The key of the version that a row names, to open what the row holds. Errors as for
    /// <see cref="HoldActiveAsync"/>.
    /// </summary>
    /// <exception cref="DecryptionFailedException">There is no such version, or the stored key does not
    /// unwrap.</exception>
    public ValueTask<Result<SealingKey>> HoldVersionAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    ) => version == 0 ? throw new DecryptionFailedException() : HoldAsync(organization, version, cancellationToken);

    /// <summary>
    /// Drops the organization's keys at once (suspended, erased, rotated). Leases already given stay valid until
    /// disposed; nobody gets a new one without asking the store.
    /// </summary>
    public void Forget(OrganizationId organization) => _cache.Forget(organization);

    public void Dispose()
    {
        _sweep.Dispose();
        _cache.Close();
    }

    private async ValueTask<Result<SealingKey>> HoldAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    )
    {
        if (organization.Value is null)
            throw new ArgumentException("A key needs its organization.", nameof(organization));
        for (var turn = 0; turn < MaxTurns; turn++)
        {
            if (_cache.Take(organization, version, _time.GetUtcNow()) is { } lease)
                return lease;
            var error = await _unwrappings
                .JoinAsync((organization, version), () => UnwrapAsync(organization, version), out _)
                .WaitAsync(cancellationToken)
                .ConfigureAwait(false);
            if (error is not null)
                return error;
        }

        return new VaultError(ErrorCatalogue.KeysUnavailable, "The organization's keys are changing; retry.");
    }

    private async Task<VaultError?> UnwrapAsync(OrganizationId organization, uint version)
    {
        try
        {
            using var limit = new CancellationTokenSource(_options.UnwrapTimeout, _time);
            return await LoadAsync(organization, version, limit.Token)
                .AsTask()
                .WaitAsync(limit.Token)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is KeyServiceUnavailableException or OperationCanceledException)
        {
            return new VaultError(ErrorCatalogue.KeysUnavailable, "The key service did not answer.");
        }
    }

    private async ValueTask<VaultError?> LoadAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    )
    {
        // The epoch is read before the row: a forget after this point (the row may just have been destroyed) keeps the
        // key out of the cache.
        var epoch = _cache.Epoch;
        var row =
            version == 0
                ? await _store.FindActiveAsync(organization, cancellationToken).ConfigureAwait(false)
                    ?? await FirstAsync(organization, cancellationToken).ConfigureAwait(false)
                : await _store.FindAsync(organization, version, cancellationToken).ConfigureAwait(false)
                    ?? throw new DecryptionFailedException();
        if (row?.Wrapped is not { } wrapped || row.Status == OrganizationKeyStatus.Destroyed)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization's keys were destroyed.");
        if (row.Organization != organization || (version != 0 && row.Version != version))
            throw new DecryptionFailedException();

        var key = await _wrapper
            .UnwrapAsync(organization, row.Version, row.MasterKeyId, wrapped, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            var now = _time.GetUtcNow();
            _cache.Put(new HeldKey(organization, row.Version, new XAes256Gcm(key), now), version == 0, epoch, now);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        return null;
    }

    // First key of an organization. Tombstones stay after an erasure, so an erased organization has rows and never gets
    // a second life here.
    private async ValueTask<OrganizationKeyRow?> FirstAsync(
        OrganizationId organization,
        CancellationToken cancellationToken
    )
    {
        if ((await _store.ListAsync(organization, cancellationToken).ConfigureAwait(false)).Count > 0)
            return await _store.FindActiveAsync(organization, cancellationToken).ConfigureAwait(false);
        var row = await NewKey
            .WrapAsync(
                _wrapper,
                _entropy,
                organization,
                1,
                OrganizationKeyStatus.Active,
                _time.GetUtcNow(),
                cancellationToken
            )
            .ConfigureAwait(false);

        // Two hosts may get here together: the unique key lets one in and both go on with the row that is stored, never
        // with their own.
        await _store.TryInsertAsync(row, cancellationToken).ConfigureAwait(false);
        return await _store.FindActiveAsync(organization, cancellationToken).ConfigureAwait(false);
    }
}
