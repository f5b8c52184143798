using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// Wraps under the current master key and unwraps under any configured one. Used while <see cref="MasterRewrap"/>
/// re-wraps the keys.
/// </summary>
public sealed class CompositeKeyWrapper : IKeyWrapper
{
    private readonly IKeyWrapper _current;
    private readonly Dictionary<string, IKeyWrapper> _all;

    public CompositeKeyWrapper(IKeyWrapper current, params IReadOnlyList<IKeyWrapper> previous)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(previous);
        _current = current;
        _all = new(StringComparer.Ordinal) { [current.MasterKeyId] = current };
        foreach (var one in previous)
            if (!_all.TryAdd(one.MasterKeyId, one))
                throw new ArgumentException($"The master key '{one.MasterKeyId}' is given twice.", nameof(previous));
    }

    public string MasterKeyId => _current.MasterKeyId;

    public ValueTask<byte[]> WrapAsync(
        OrganizationId organization,
        uint keyVersion,
        ReadOnlyMemory<byte> plaintextKey,
        CancellationToken cancellationToken
    ) => _current.WrapAsync(organization, keyVersion, plaintextKey, cancellationToken);

    public ValueTask<byte[]> UnwrapAsync(
        OrganizationId organization,
        uint keyVersion,
        string masterKeyId,
        ReadOnlyMemory<byte> wrapped,
        CancellationToken cancellationToken
    ) =>
        _all.TryGetValue(masterKeyId, out var wrapper)
            ? wrapper.UnwrapAsync(organization, keyVersion, masterKeyId, wrapped, cancellationToken)
            : throw new MasterKeyUnknownException(masterKeyId);
}
