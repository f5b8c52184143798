using System.Security.Cryptography;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using Vault.Host.Options;

namespace Vault.Host.Composition;

/// <summary>
/// Creates the key wrapper from the options: the local master key, and its predecessors for unwrapping until every key
/// is rewrapped.
/// </summary>
public static class MasterKeys
{
    public static IKeyWrapper Open(VaultOptions options, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        var current = Wrapper(
            options.MasterKeyFile,
            mayGenerate: options.MasterKeyFile == Path.Combine(options.Data, "master.key"),
            entropy
        );
        return options.PreviousMasterKeyFiles.Count == 0
            ? current
            : new CompositeKeyWrapper(
                current,
                [.. options.PreviousMasterKeyFiles.Select(f => Wrapper(f, mayGenerate: false, entropy))]
            );
    }

    private static LocalKeyWrapper Wrapper(string file, bool mayGenerate, IEntropy entropy)
    {
        var key = MasterKeyFile.Read(file, mayGenerate);
        try
        {
            return new LocalKeyWrapper(key, entropy);
        }
        catch (ArgumentException e)
        {
            throw new StartException($"The master key in {file} cannot be used: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
