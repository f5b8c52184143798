using Microsoft.Extensions.Time.Testing;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using Vault.TestKit;
using Vault.TestKit.Sealing;

namespace Vault.Core.Tests.Sealing;

/// <summary>A vault of keys in memory with two organizations.</summary>
public sealed class SealingBench : IDisposable
{
    public static readonly OrganizationId Acme = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
    public static readonly OrganizationId Globex = new("org_01hyyyyyyyyyyyyyyyyyyyyyyy");
    private readonly List<Keyring> _keyrings = [];

    public SealingBench(KeyringOptions? options = null)
    {
        Wrapper = new LocalKeyWrapper(MasterKey(1), Entropy);
        Keyring = NewKeyring(Wrapper, options);
        Sealer = new Sealer(Keyring, Entropy);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public SeededEntropy Entropy { get; } = new();

    public InMemoryOrganizationKeyStore Keys { get; } = new();

    public LocalKeyWrapper Wrapper { get; }

    public Keyring Keyring { get; }

    public Sealer Sealer { get; }

    public static byte[] MasterKey(byte fill)
    {
        var key = new byte[32];
        Array.Fill(key, fill);
        return key;
    }

    public Keyring NewKeyring(IKeyWrapper wrapper, KeyringOptions? options = null)
    {
        var keyring = new Keyring(Keys, wrapper, Entropy, Time, options);
        _keyrings.Add(keyring);
        return keyring;
    }

    public async Task<SealingKey> ActiveAsync(OrganizationId organization) =>
        (await Keyring.HoldActiveAsync(organization, default)).Value;

    /// <summary>The place of a value, where a test does not care which.</summary>
    public static SealContext At(OrganizationId organization, string row = "conn_1", long generation = 1) =>
        SealContext.ClientSecret(organization, row, generation);

    public Task<SealedBlob> SealAsync(string value, OrganizationId organization) => SealAsync(value, At(organization));

    public async Task<SealedBlob> SealAsync(string value, SealContext place)
    {
        using var secret = Secret.From(value);
        return (await Sealer.SealAsync(secret, place, default)).Value;
    }

    public Task<string> OpenAsync(SealedBlob blob, OrganizationId organization) => OpenAsync(blob, At(organization));

    public async Task<string> OpenAsync(SealedBlob blob, SealContext place)
    {
        using var secret = (await Sealer.OpenAsync(blob, place, default)).Value;
        return secret.RevealText();
    }

    public void Dispose()
    {
        foreach (var keyring in _keyrings)
            keyring.Dispose();
        Wrapper.Dispose();
    }
}
