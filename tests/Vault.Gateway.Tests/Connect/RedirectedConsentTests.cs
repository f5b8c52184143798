using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

/// <summary>
/// A connection or its pack is edited while the person is at the provider. The code belongs to the endpoints that were
/// in force when the consent began.
/// </summary>
public sealed class RedirectedConsentTests
{
    [Fact]
    public async Task A_code_is_not_sent_to_an_address_that_was_edited_in_meanwhile()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        scene.Host.Get<FakePacks>().Redirect("acme", "https://evil.example");
        var page = (await visitor.ReturnAsync()).Is(403);
        Assert.Contains("have changed since the link was opened", page.Text, StringComparison.Ordinal);
        Assert.Empty(scene.Host.Provider.Codes);
        Assert.Equal("PENDING_AUTH", (await scene.AccountAsync())["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_consent_that_begins_afterwards_is_bound_to_the_new_address()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Get<FakePacks>().Redirect("acme", "https://moved.acme.example");
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(await scene.LinkAsync())).Is(303);
        (await visitor.ReturnAsync()).Is(200);
        Assert.Equal("ACTIVE", (await scene.AccountAsync())["status"]!.GetValue<string>());
    }
}
