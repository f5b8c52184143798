using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Core.Tests.Refresh;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Execution;

/// <summary>
/// A credential belongs to its destinations (law 10): an edited connection or a replaced pack does not redirect it. The
/// use is refused, nothing is opened or sent, no status changes, and the refusal ends when the address is back.
/// </summary>
public sealed class DestinationTests : IDisposable
{
    private const string Evil = "evil.example";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly ExecutionBench _bench = new();

    private AccountBench Accounts => _bench.Accounts;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_execution_at_another_origin_is_refused_until_the_origin_is_back(bool byPack)
    {
        var key = await Accounts.ConnectAsync(Hour);
        Assert.Equal(Outcome.Succeeded, (await _bench.ExecuteAsync()).Outcome);
        var before = await Accounts.RowAsync(key);
        await LeadAsync(byPack, away: true);
        for (var i = 0; i < 3; i++)
        {
            var refused = await _bench.ExecuteAsync(AcmePacks.Send);
            Assert.Equal(
                (Outcome.FailedBeforeSend, ErrorCatalogue.DestinationChanged),
                (refused.Outcome, refused.Error?.Code)
            );
            Assert.Contains("https://" + Evil, refused.Error!.Detail, StringComparison.Ordinal);
            Assert.Null(refused.Error.ReconnectUrl);
        }

        Assert.Equal(before, await Accounts.RowAsync(key));
        Assert.Single(_bench.Upstream.Tokens);
        await LeadAsync(byPack, away: false);
        Assert.Equal(Outcome.Succeeded, (await _bench.ExecuteAsync()).Outcome);
    }

    [Fact]
    public async Task A_refresh_at_another_token_endpoint_is_refused_until_it_is_back()
    {
        var key = await Accounts.ConnectAsync();
        var before = await Accounts.RowAsync(key);
        Accounts.Packs.Replace(AcmePacks.Api, "https://" + Evil);
        foreach (var why in Enum.GetValues<RefreshReason>())
        {
            var refused = await Accounts.Host.RefreshAsync(key, before.State.Generation, why);
            Assert.Equal(ErrorCatalogue.DestinationChanged, refused.Error?.Code);
        }

        Assert.Equal(ErrorCatalogue.DestinationChanged, (await _bench.ExecuteAsync()).Error?.Code);
        Assert.Equal((before, 0), (await Accounts.RowAsync(key), Accounts.Endpoint.Calls));
        Accounts.Packs.Replace(AcmePacks.Api, AcmePacks.Auth);
        Assert.Equal(Outcome.Succeeded, (await _bench.ExecuteAsync()).Outcome);
    }

    [Fact]
    public async Task A_sweep_passes_over_refused_accounts_and_reaches_the_others()
    {
        var key = await Accounts.ConnectAsync();
        Accounts.Packs.Replace(AcmePacks.Api, "https://" + Evil);
        Accounts.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single((await Accounts.Host.Sweep.SweepAsync([0], 1, 10, default)).Begun);
        await Task.WhenAll(Accounts.Host.Sweep.Underway);
        var after = await Accounts.RowAsync(key);
        Assert.Equal((AccountStatus.Active, 0), (after.State.Status, after.State.Failures));
        Assert.True(after.DueAt > Accounts.Now);
    }

    [Fact]
    public async Task A_revocation_is_not_sent_to_another_origin_and_takes_effect_all_the_same()
    {
        var key = await Accounts.ConnectAsync(Hour);
        Accounts.Packs.Replace(AcmePacks.Api, "https://" + Evil);
        var receipt = await Accounts.RunAsync(Accounts.Host.Revoker.RevokeAsync(key, "key_1", "test", default));
        Assert.Equal("destination_changed", receipt.Value.ProviderDetail);
        Assert.Equal(AccountStatus.Revoked, (await Accounts.RowAsync(key)).State.Status);
        Assert.Empty(Accounts.Endpoint.Revoked);

        Accounts.Packs.Replace(AcmePacks.Api, AcmePacks.Auth);
        var late = await Accounts.Host.Revoker.FinishUpstreamAsync(key, default);
        Assert.Equal(UpstreamRevocation.Confirmed, late.Outcome);
        Assert.Single(Accounts.Endpoint.Revoked);
    }

    /// <summary>A value that cannot be decrypted: opening it fails, and a refusal does not open it.</summary>
    [Fact]
    public async Task Nothing_is_opened_for_a_refusal()
    {
        var key = await Accounts.ConnectAsync(Hour);
        var row = await Accounts.RowAsync(key);
        var bytes = row.Grant!.Bytes.ToArray();
        bytes[^1] ^= 1;
        await Accounts.Host.Runner.WriteAsync(
            row with
            {
                Version = row.Version + 1,
                Grant = row.Grant with { Bytes = bytes },
            },
            GateCheck.None,
            [],
            default
        );
        Assert.Equal(StatusReason.CredentialUnreadable, (await _bench.ExecuteAsync()).Error?.StatusReason);
        Accounts.Packs.Replace("https://" + Evil, "https://" + Evil);
        Assert.Equal(ErrorCatalogue.DestinationChanged, (await _bench.ExecuteAsync()).Error?.Code);
        var refresh = await Accounts.Host.RefreshAsync(key, row.State.Generation, RefreshReason.Manual);
        Assert.Equal(ErrorCatalogue.DestinationChanged, refresh.Error?.Code);
        var receipt = await Accounts.RunAsync(Accounts.Host.Revoker.RevokeAsync(key, "key_1", "test", default));
        Assert.Equal("destination_changed", receipt.Value.ProviderDetail);
    }

    [Fact]
    public async Task A_refreshed_grant_keeps_the_origins_of_its_consent()
    {
        var key = await Accounts.ConnectAsync();
        await LeadAsync(byPack: false, away: true);
        // The token endpoint is bound, so the refresh goes on; the API is another one, and stays refused.
        Assert.True((await Accounts.Host.RefreshAsync(key)).IsOk);
        Assert.Equal(Accounts.Packs.Origins, (await Accounts.RowAsync(key)).Grant!.ReadDestinations());
        Assert.Equal(ErrorCatalogue.DestinationChanged, (await _bench.ExecuteAsync()).Error?.Code);
    }

    [Fact]
    public async Task A_token_answer_of_a_bound_endpoint_may_move_the_account()
    {
        Accounts.Packs.Replace("https://{site}", AcmePacks.Auth);
        var key = await Accounts.ConnectAsync();
        Accounts.Endpoint.Captured["site"] = "one.acme.example";
        Assert.Equal(Outcome.Succeeded, (await _bench.ExecuteAsync()).Outcome);
        Assert.Contains("https://one.acme.example", (await Accounts.RowAsync(key)).Grant!.ReadDestinations()!.Origins);

        // The parameters of the row are not sealed. Another host written there is refused.
        var row = await Accounts.RowAsync(key);
        await Accounts.Host.Runner.WriteAsync(
            row with
            {
                Version = row.Version + 1,
                State = row.State with { Parameters = row.State.Parameters.SetItem("site", Evil) },
            },
            GateCheck.None,
            [],
            default
        );
        Assert.Equal(ErrorCatalogue.DestinationChanged, (await _bench.ExecuteAsync()).Error?.Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_grant_of_an_earlier_version_is_bound_by_its_first_use(int hours)
    {
        var key = await UnboundAsync(TimeSpan.FromHours(hours));
        Assert.Null((await Accounts.RowAsync(key)).Grant!.ReadDestinations());
        Assert.Equal(Outcome.Succeeded, (await _bench.ExecuteAsync()).Outcome);
        Assert.Equal(Accounts.Packs.Origins, (await Accounts.RowAsync(key)).Grant!.ReadDestinations());
        await LeadAsync(byPack: false, away: true);
        Assert.Equal(ErrorCatalogue.DestinationChanged, (await _bench.ExecuteAsync()).Error?.Code);
    }

    [Fact]
    public async Task A_static_credential_of_an_earlier_version_is_bound_too()
    {
        var key = await Accounts.ConnectAsync(Hour);
        var row = await Accounts.RowAsync(key);
        using var held = (await Accounts.Keyring.HoldActiveAsync(AccountBench.Acme, default)).Value;
        using var own = new StaticCredential
        {
            Mode = AuthMode.ApiKey,
            Fields = ImmutableSortedDictionary<string, Secret>.Empty.Add("api_key", Secret.From("key-0001")),
        };
        var blob = Accounts.Sealer.Seal(
            held,
            GrantCodec.Encode(own),
            SealContext.Credential(AccountBench.Acme, row.Id, row.CredentialGeneration)
        );
        await Accounts.Host.Runner.WriteAsync(
            row with
            {
                Version = row.Version + 1,
                Grant = null,
                Credential = blob,
            },
            GateCheck.None,
            [],
            default
        );
        Assert.Null(await Accounts.Host.Binder.BindAsync(await Accounts.RowAsync(key), default));
        var bound = await Accounts.RowAsync(key);
        Assert.Equal(Accounts.Packs.Origins, bound.Credential!.ReadDestinations());
        using var opened = (await Accounts.Sealing.OpenCredentialAsync(bound, default)).Value!;
        Assert.Equal("key-0001", opened.Fields["api_key"].RevealText());
    }

    [Fact]
    public async Task A_client_secret_goes_only_where_it_was_given_for()
    {
        var secret = Accounts.Sealer.SealAsync(
            Secret.From("client-secret"),
            SealContext.ClientSecret(AccountBench.Acme, "conn_1", 1),
            default
        );
        await ChangeAsync(row => row with { ClientSecret = secret.Result.Value, SecretGeneration = 1 });

        // Sealed by an earlier version: the first use binds it, under a new generation.
        var first = (await ClientAsync()).Value;
        Assert.Equal("client-secret", first.ClientSecret!.RevealText());
        var bound = await ConnectionAsync();
        Assert.Equal((2, Accounts.Packs.Origins), (bound.SecretGeneration, bound.ClientSecret!.ReadDestinations()));
        Assert.Equal("client-secret", (await ClientAsync()).Value.ClientSecret!.RevealText());

        Accounts.Packs.Replace(AcmePacks.Api, "https://" + Evil);
        var refused = (await ClientAsync()).Error;
        Assert.Equal(ErrorCatalogue.DestinationChanged, refused?.Code);
        Assert.Contains("client_secret", refused!.Detail, StringComparison.Ordinal);
        Accounts.Packs.Replace(AcmePacks.Api, AcmePacks.Auth);
        Assert.True((await ClientAsync()).IsOk);
    }

    public void Dispose() => _bench.Dispose();

    private async Task<AccountKey> UnboundAsync(TimeSpan lives)
    {
        var key = await Accounts.ConnectAsync(lives);
        var row = await Accounts.RowAsync(key);
        using var held = (await Accounts.Keyring.HoldActiveAsync(AccountBench.Acme, default)).Value;
        using var grant = (await Accounts.Sealing.OpenGrantAsync(row, default)).Value!;
        var blob = Accounts.Sealer.Seal(
            held,
            GrantCodec.Encode(grant),
            SealContext.Grant(AccountBench.Acme, row.Id, row.State.Generation)
        );
        await Accounts.Host.Runner.WriteAsync(
            row with
            {
                Version = row.Version + 1,
                Grant = blob,
            },
            GateCheck.None,
            [],
            default
        );
        return key;
    }

    private async Task LeadAsync(bool byPack, bool away)
    {
        if (byPack)
            Accounts.Packs.Replace(away ? "https://" + Evil : AcmePacks.Api, AcmePacks.Auth);
        else
            await ChangeAsync(row =>
                row with
                {
                    Settings = row.Settings with
                    {
                        Parameters = row.Settings.Parameters.SetItem("host", away ? Evil : AcmePacks.ApiHost),
                    },
                }
            );
        // The freshness lease of the connection.
        Accounts.Time.Advance(TimeSpan.FromSeconds(2));
    }

    private async Task ChangeAsync(Func<ConnectionRow, ConnectionRow> change)
    {
        var row = await ConnectionAsync();
        Assert.Equal(
            WriteOutcome.Written,
            await Accounts.Store.Connections.UpdateAsync(
                change(row) with
                {
                    Version = row.Version + 1,
                },
                row.Version,
                [],
                default
            )
        );
    }

    private async Task<Result<TokenClient>> ClientAsync() =>
        await Accounts.Host.Clients.ForAsync(
            await ConnectionAsync(),
            ImmutableSortedDictionary<string, string>.Empty,
            default
        );

    private async Task<ConnectionRow> ConnectionAsync() =>
        (await Accounts.Store.Connections.FindAsync(AccountBench.Acme, "conn_1", default))!;
}
