using Vault.Attacks.Findings;
using Vault.Attacks.Fuzz;
using Vault.Attacks.Tenants;
using Xunit.Abstractions;

namespace Vault.Host.Tests.Attacks;

/// <summary>Short runs of <c>./scripts/attack</c>, <c>fuzz</c> and <c>tenants</c>; the long ones are commands.</summary>
public sealed class AttackTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Malformed_requests_are_answered_as_documented_and_change_nothing()
    {
        var report = await FuzzRun.RunAsync(1_200, 20, postgres: false, null);
        output.WriteLine(FuzzCommand.Text(report));
        Assert.True(report.IsClean, FuzzCommand.Text(report));
        Assert.True(report.RoutesReached > 15 && report.Compared > 200, FuzzCommand.Text(report));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_attack_of_the_security_reviews_succeeds(bool postgres)
    {
        var results = await FindingsCommand.RunAsync(postgres);
        output.WriteLine(FindingsCommand.Text(results));
        Assert.True(results.All(r => r.Gained is null), FindingsCommand.Text(results));
        Assert.Equal(
            AttackList.Online.Count + AttackList.Egress.Count + AttackList.Offline.Count,
            results.Select(r => (r.Attack.Finding, r.Attack.Name)).Distinct().Count()
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tenant_reaches_nothing_of_another_and_cannot_tell_whether_it_is_there(bool postgres)
    {
        var report = await TenantsRun.RunAsync(300, postgres, null);
        output.WriteLine(TenantsCommand.Text(report));
        Assert.True(report.IsClean, TenantsCommand.Text(report));
        Assert.True(report is { Places: > 120, Routes: > 40, Ports: > 15 }, TenantsCommand.Text(report));
    }
}
