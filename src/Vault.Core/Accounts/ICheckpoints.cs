using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>
/// Named points between two durable steps, where tests stop, crash or freeze a process. Production uses
/// <see cref="None"/>.
/// </summary>
public interface ICheckpoints
{
    ValueTask ReachAsync(string name, AccountKey key);

    static ICheckpoints None { get; } = new Nothing();

    private sealed class Nothing : ICheckpoints
    {
        public ValueTask ReachAsync(string name, AccountKey key) => ValueTask.CompletedTask;
    }
}
