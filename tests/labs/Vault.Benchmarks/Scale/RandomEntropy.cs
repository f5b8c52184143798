using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Benchmarks.Scale;

internal sealed class RandomEntropy : IEntropy
{
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
