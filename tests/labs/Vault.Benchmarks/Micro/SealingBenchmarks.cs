using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Vault.Core.Sealing;

namespace Vault.Benchmarks.Micro;

/// <summary>Sealing and opening a grant of ordinary size.</summary>
public class SealingBenchmarks : IDisposable
{
    private const int Length = 400;
    private readonly XAes256Gcm _cipher = new(RandomNumberGenerator.GetBytes(32));
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(XAes256Gcm.NonceLength);
    private readonly byte[] _plain = RandomNumberGenerator.GetBytes(Length);
    private readonly byte[] _sealed = new byte[Length];
    private readonly byte[] _tag = new byte[XAes256Gcm.TagLength];
    private readonly byte[] _opened = new byte[Length];
    private readonly byte[] _context = RandomNumberGenerator.GetBytes(80);

    [GlobalSetup]
    public void SealOnce() => _cipher.Encrypt(_nonce, _plain, _sealed, _tag, _context);

    [GlobalCleanup]
    public void Dispose()
    {
        _cipher.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void Seal() => _cipher.Encrypt(_nonce, _plain, _sealed, _tag, _context);

    [Benchmark]
    public void Open() => _cipher.Decrypt(_nonce, _sealed, _tag, _opened, _context);
}
