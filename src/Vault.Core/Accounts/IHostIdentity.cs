namespace Vault.Core.Accounts;

/// <summary>This host, and whether another holder of a lease is certainly dead.</summary>
public interface IHostIdentity
{
    /// <summary>Unique per process start.</summary>
    string Holder { get; }

    /// <summary>
    /// True only when the holder can never act again, for example an earlier process on the data folder that this one
    /// has locked exclusively. If that is not certain, false: the lease decides.
    /// </summary>
    bool IsDead(string holder);
}
