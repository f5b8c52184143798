using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Host.Setup;

/// <summary>The operating system's randomness.</summary>
public sealed class SystemEntropy : IEntropy
{
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
