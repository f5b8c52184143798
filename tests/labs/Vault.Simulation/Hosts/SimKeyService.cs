using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Simulation;

/// <summary>
/// The key service as one process sees it, which goes away at times, and the keyring that must ask it again after a
/// moment.
/// </summary>
internal sealed class SimKeyService(World world, IKeyWrapper wrapper) : IKeyWrapper
{
    private static readonly KeyringOptions Forgetful = new()
    {
        KeepKey = TimeSpan.FromSeconds(2),
        KeepActive = TimeSpan.FromSeconds(1),
    };

    public string MasterKeyId => wrapper.MasterKeyId;

    public static Keyring NewKeyring(World world, SimHost host, int life) =>
        new(
            world.Scene.Keys,
            new SimKeyService(world, world.Scene.Wrapper),
            world.Scene.Entropy,
            new Untimed(new SimClock(world, host, life)),
            Forgetful
        );

    public ValueTask<byte[]> WrapAsync(
        OrganizationId organization,
        uint keyVersion,
        ReadOnlyMemory<byte> plaintextKey,
        CancellationToken cancellationToken
    ) =>
        world.KeysAreAway
            ? throw new KeyServiceUnavailableException("away")
            : wrapper.WrapAsync(organization, keyVersion, plaintextKey, cancellationToken);

    public ValueTask<byte[]> UnwrapAsync(
        OrganizationId organization,
        uint keyVersion,
        string masterKeyId,
        ReadOnlyMemory<byte> wrapped,
        CancellationToken cancellationToken
    ) =>
        world.KeysAreAway
            ? throw new KeyServiceUnavailableException("away")
            : wrapper.UnwrapAsync(organization, keyVersion, masterKeyId, wrapped, cancellationToken);

    /// <summary>Timers of a keyring only tidy up and bound a service that hangs; neither is played.</summary>
    private sealed class Untimed(TimeProvider clock) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Never();
    }

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
