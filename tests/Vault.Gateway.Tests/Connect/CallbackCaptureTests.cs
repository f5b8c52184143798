using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.OAuth;

namespace Vault.Gateway.Tests.Connect;

public sealed class CallbackCaptureTests
{
    [Fact]
    public async Task What_the_callback_brings_is_the_accounts_and_what_does_not_fit_costs_no_code()
    {
        await using var scene = await Scene.SetAsync();
        var seen = new List<IReadOnlyDictionary<string, string>>();
        scene.Host.Provider.Callback = query =>
        {
            seen.Add(query);
            return query.TryGetValue("realmId", out var realm)
                ? CallbackReading.Empty with
                {
                    Captured = ImmutableSortedDictionary<string, string>.Empty.Add("realm_id", realm),
                }
                : CallbackReading.Refused("callback_realmId_missing");
        };
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        // Twice the same name is no value at all.
        Assert.Contains(
            "does not match this connection",
            (await visitor.ReturnAsync(more: "&realmId=1&realmId=2")).Is(410).Text,
            StringComparison.Ordinal
        );
        Assert.Empty(scene.Host.Provider.Codes);

        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        (await visitor.ReturnAsync(more: "&realmId=4620816365002345678")).Is(200);
        Assert.Single(scene.Host.Provider.Codes);
        var id = (string)(await scene.AccountAsync())["id"]!;
        var row = (await scene.Host.Get<IAccountStore>().FindAsync(new(scene.Organization), new(id), default))!.Row;
        Assert.Equal("4620816365002345678", row.State.Parameters["realm_id"]);
        Assert.False(seen[0].ContainsKey("realmId"));
    }
}
