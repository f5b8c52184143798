using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Operations;

namespace Vault.Gateway.Tests.Host;

/// <summary>A host alone in the world: no disk, no other host.</summary>
internal sealed class FakeHost : IHostIdentity, IReplySpool, IReadiness, ILiveness, IClusterStatus
{
    public string Holder => "test-host";

    public IReadOnlyList<string> Faults { get; set; } = [];

    public bool IsAlive { get; set; } = true;

    public bool IsDead(string holder) => false;

    public Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SpooledReply>>([]);

    public Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task<Result<ClusterStatus>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Result<ClusterStatus>>(
            new ClusterStatus(
                null,
                1,
                null,
                [new HostState("http://127.0.0.1/", Holder, "active", DateTimeOffset.UnixEpoch)]
            )
        );

    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(IsAlive);

    public Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken) => Task.FromResult(Faults);
}
