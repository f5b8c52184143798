using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

/// <summary>Somebody with the database puts back what a row held before.</summary>
public sealed class RolledBackRowTests : IDisposable
{
    private static readonly DateTimeOffset Then = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SealingBench _bench = new();

    [Fact]
    public async Task The_grant_alone_put_back_does_not_open()
    {
        var (before, now) = (await RowAsync(1), await RowAsync(2));
        await Assert.ThrowsAsync<DecryptionFailedException>(() => OpenAsync(now with { Grant = before.Grant }));
    }

    [Fact]
    public async Task The_state_alone_put_back_does_not_open_todays_grant()
    {
        var (before, now) = (await RowAsync(1), await RowAsync(2));
        await Assert.ThrowsAsync<DecryptionFailedException>(() => OpenAsync(now with { State = before.State }));
    }

    [Fact]
    public async Task The_credential_put_back_does_not_open_after_it_was_replaced()
    {
        var now = await RowAsync(1);
        using var key = await _bench.ActiveAsync(Acme);
        using var own = new StaticCredential
        {
            Mode = AuthMode.ApiKey,
            Fields = ImmutableSortedDictionary<string, Secret>.Empty.Add("api_key", Secret.From("sk_old")),
        };
        var former = Grants.SealCredential(key, now.Id, 1, own, Origins);
        await Assert.ThrowsAsync<DecryptionFailedException>(async () =>
            await Grants.OpenCredentialAsync(now with { Credential = former, CredentialGeneration = 2 }, default)
        );
        Assert.NotNull(
            (
                await Grants.OpenCredentialAsync(now with { Credential = former, CredentialGeneration = 1 }, default)
            ).Value
        );
    }

    [Fact]
    public async Task A_whole_row_from_before_an_erasure_does_not_open()
    {
        var before = await RowAsync(1);
        Assert.Equal("at-1", await OpenAsync(before));
        Assert.Equal(1, await new KeyErasure(_bench.Keys, _bench.Keyring, _bench.Time).EraseAsync(Acme, default));
        Assert.Equal(ErrorCatalogue.OrganizationUnknown, (await Grants.OpenGrantAsync(before, default)).Error!.Code);
    }

    [Fact]
    public async Task A_whole_row_put_into_another_place_does_not_open()
    {
        var row = await RowAsync(1);
        await _bench.SealAsync("x", Globex);
        await Assert.ThrowsAsync<DecryptionFailedException>(() =>
            OpenAsync(row with { Id = new AccountId("ca_01hyyyyyyyyyyyyyyyyyyyyyyy") })
        );
        await Assert.ThrowsAsync<DecryptionFailedException>(() =>
            OpenAsync(row with { Key = new AccountKey(Globex, row.Key.User, row.Key.Connection) })
        );
    }

    public void Dispose() => _bench.Dispose();

    private static Destinations Origins { get; } = Destinations.Of(["https://api.acme.example"]);

    private GrantSealing Grants => new(_bench.Sealer);

    private async Task<AccountRow> RowAsync(long generation)
    {
        using var key = await _bench.ActiveAsync(Acme);
        using var grant = new GrantTokens { AccessToken = Secret.From("at-" + generation) };
        var id = new AccountId("ca_01hzzzzzzzzzzzzzzzzzzzzzzz");
        return new AccountRow(
            id,
            new AccountKey(Acme, new UserId("ada"), new ConnectionName("acme")),
            "conn_1",
            "acme",
            generation,
            new AccountState { Status = AccountStatus.Active, Generation = generation },
            Grants.SealGrant(key, id, generation, grant, Origins),
            null,
            0,
            Then,
            Then,
            Then
        );
    }

    private async Task<string> OpenAsync(AccountRow row)
    {
        using var grant = (await Grants.OpenGrantAsync(row, default)).Value!;
        return grant.AccessToken.RevealText();
    }
}
