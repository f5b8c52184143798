using Vault.Core.Accounts;
using Vault.Core.Ledger;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A refresh without a known outcome, against a provider that kills the family on a reuse: the grant is lost only where
/// the provider had acted.
/// </summary>
public sealed class InDoubtTests
{
    private const string Provider = "sandbox_family";

    [Theory]
    [InlineData(FaultKind.DropBefore, 503, FaultPhase.Before, true)]
    [InlineData(FaultKind.ServerError, 502, FaultPhase.Before, true)]
    [InlineData(FaultKind.ServerError, 503, FaultPhase.Before, true)]
    [InlineData(FaultKind.MalformedJson, 503, FaultPhase.Before, true)]
    [InlineData(FaultKind.DropAfter, 503, FaultPhase.Before, false)]
    [InlineData(FaultKind.ServerError, 502, FaultPhase.After, false)]
    public async Task A_grant_is_lost_only_where_the_provider_had_acted(
        FaultKind kind,
        int status,
        FaultPhase phase,
        bool heals
    )
    {
        await using var world = await World.StartAsync(
            1,
            false,
            "--token-timeout-ms",
            "1000",
            "--clock-skew-ms",
            "200",
            "--refresh-lease-ms",
            "1500",
            "--sweep-interval-ms",
            "200"
        );
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, Provider);
        var grant = world.Sandbox.Grants.Mint(
            new GrantSeed
            {
                Subject = "alice",
                Policy = new TokenPolicyPatch { Rotation = RotationBehaviour.Family },
                AccessExpiresInSeconds = 0,
            }
        );
        world.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = kind,
                Target = FaultTarget.Token,
                Phase = phase,
                Status = status,
                Times = 1,
            }
        );
        var account = await world.ImportAsync(
            organization,
            "ada",
            Provider,
            grant,
            DateTimeOffset.UtcNow.AddMinutes(-1)
        );
        async Task<string> StateAsync()
        {
            var reply = await world.GetAsync($"/v1/connected_accounts/{account}?organization_id={organization}");
            return reply["status"]
                + (reply.Json.TryGetProperty("status_reason", out var reason) ? " " + reason.GetString() : "");
        }

        await Eventually.TryUntilAsync(
            async () => (await world.LedgerAsync(organization, LedgerEvents.AccountPresentedAgain)).Count,
            presented => presented == 1,
            TimeSpan.FromSeconds(60)
        );
        var ended = await Eventually.TryUntilAsync(
            async () =>
                heals
                    ? (await world.ExecuteAsync(organization, "ada", Provider + "_get_profile")).Status.ToString()
                    : await StateAsync(),
            s => s == (heals ? "OK" : "REQUIRES_REAUTH " + StatusReason.RefreshOutcomeLost),
            TimeSpan.FromSeconds(60)
        );
        Assert.True(ended.Met, $"{ended.Last}; {await StateAsync()}");
        Assert.Equal(heals ? 0 : 1, world.Sandbox.Counters.RefreshReplays);
        Assert.Single(await world.LedgerAsync(organization, LedgerEvents.AccountPresentedAgain));
    }
}
