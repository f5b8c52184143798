using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;

namespace Vault.Core.Refresh;

/// <summary>
/// An account's row with its credentials decrypted. Reference-counted: the secrets are zeroed when the cache and the
/// last user have released it.
/// </summary>
public sealed class OpenAccount
{
    private int _references = 1;

    internal OpenAccount(AccountSnapshot snapshot, GrantTokens? grant, StaticCredential? credential) =>
        (Seen, Grant, Credential) = (new SeenAccount(snapshot), grant, credential);

    /// <summary>What is known of it without its credentials.</summary>
    public SeenAccount Seen { get; }

    public AccountRow Row => Seen.Row;

    public Gate Gate => Seen.Gate;

    public GrantTokens? Grant { get; }

    public StaticCredential? Credential { get; }

    // At zero the secrets are zeroed, so the count is incremented only from a positive value.
    internal bool TryAcquire()
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0)
            return;
        Grant?.Dispose();
        Credential?.Dispose();
    }
}
