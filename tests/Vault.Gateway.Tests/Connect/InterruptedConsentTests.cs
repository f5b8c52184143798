using System.Text.Json.Nodes;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.OAuth;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

/// <summary>
/// A consent is cut off between the exchange of its code and the end of its link: by a host that dies, or by a store
/// whose word is lost.
/// </summary>
public sealed class InterruptedConsentTests
{
    private static readonly TimeSpan Over = new ConnectOptions().ExchangeLimit + TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_host_that_dies_with_the_code_in_hand_leaves_an_honest_account_link_and_ledger_and_the_link_works_again()
    {
        await using var scene = await Scene.SetAsync();
        var (visitor, link) = (
            new Visitor(scene.Host),
            await scene.LinkAsync(new { return_url = "https://app.example.com/done" })
        );
        var (dying, died) = await DieAtTheExchangeAsync(scene, visitor, link);

        // While it may still be at it, nobody is told that it failed.
        Assert.Contains("reload this page", (await visitor.ReturnAsync()).Is(410).Text, StringComparison.Ordinal);
        (await visitor.OpenAsync(link)).Is(410);
        scene.Host.Time.Advance(Over);
        var back = (await visitor.ReturnAsync()).Is(303);
        Assert.Contains("status=failed", back.Header("Location"), StringComparison.Ordinal);
        Assert.Contains("error=outcome_unknown", back.Header("Location"), StringComparison.Ordinal);
        var account = await scene.AccountAsync();
        Assert.Equal(
            ("PENDING_AUTH", StatusReason.ConsentInterrupted),
            (account["status"]!.GetValue<string>(), account["status_reason"]!.GetValue<string>())
        );
        var entry = Assert.Single(await EntriesAsync(scene, "account.connect_failed"));
        Assert.Equal(StatusReason.ConsentInterrupted, entry["status_reason"]!.GetValue<string>());

        // Another browser has no part in it; this one starts again, with a code of its own.
        (await new Visitor(scene.Host).OpenAsync(link)).Is(410);
        scene.Host.Provider.Exchanging = () => Task.CompletedTask;
        (await visitor.OpenAsync(link)).Is(303);
        Assert.Contains(
            "status=connected",
            (await visitor.ReturnAsync("code-2")).Is(303).Header("Location"),
            StringComparison.Ordinal
        );
        Assert.Equal("ACTIVE", (await scene.AccountAsync())["status"]!.GetValue<string>());
        Assert.Equal(["code-1", "code-2"], scene.Host.Provider.Codes);
        died.SetException(new InvalidOperationException("the process is gone"));
        await dying;
    }

    [Fact]
    public async Task What_nobody_comes_back_to_is_settled_by_the_next_host_once()
    {
        await using var scene = await Scene.SetAsync();
        var (dying, died) = await DieAtTheExchangeAsync(scene, new Visitor(scene.Host), await scene.LinkAsync());
        var consents = scene.Host.Get<InterruptedConsents>();
        await consents.SettleAsync(100, default);
        Assert.Equal(StatusReason.AwaitingConsent, (await scene.AccountAsync())["status_reason"]!.GetValue<string>());
        scene.Host.Time.Advance(Over);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => consents.SettleAsync(100, default)));
        Assert.Equal(
            StatusReason.ConsentInterrupted,
            (await scene.AccountAsync())["status_reason"]!.GetValue<string>()
        );
        Assert.Single(await EntriesAsync(scene, "account.connect_failed"));
        died.SetException(new InvalidOperationException("the process is gone"));
        await dying;
    }

    [Fact]
    public async Task One_that_was_given_up_and_comes_through_after_all_is_connected_everywhere()
    {
        await using var scene = await Scene.SetAsync();
        var (visitor, link) = (new Visitor(scene.Host), await scene.LinkAsync());
        var (late, release) = await DieAtTheExchangeAsync(scene, visitor, link);
        scene.Host.Time.Advance(Over);
        await scene.Host.Get<InterruptedConsents>().SettleAsync(100, default);
        release.SetResult();
        (await late).Is(200);
        Assert.Equal("ACTIVE", (await scene.AccountAsync())["status"]!.GetValue<string>());
        Assert.Equal(LinkStatus.Done, (await StoredAsync(scene, link)).Status);
        Assert.Contains("Already connected", (await visitor.ReturnAsync()).Is(410).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_dies_after_the_installation_has_connected_the_account_and_nothing_says_otherwise()
    {
        await using var scene = await Scene.SetAsync();
        var (visitor, link) = (new Visitor(scene.Host), await scene.LinkAsync());
        await visitor.OpenAsync(link);
        var writes = 0;
        scene.Host.Store.Before = call =>
            call == "links.update" && ++writes == 2
                ? throw new StoreUnavailableException("down", false)
                : Task.CompletedTask;
        Assert.Contains("is connected", (await visitor.ReturnAsync()).Is(200).Text, StringComparison.Ordinal);
        scene.Host.Store.Before = null;
        Assert.Equal(LinkStatus.Exchanging, (await StoredAsync(scene, link)).Status);
        scene.Host.Time.Advance(Over);
        await scene.Host.Get<InterruptedConsents>().SettleAsync(100, default);
        Assert.Equal(LinkStatus.Done, (await StoredAsync(scene, link)).Status);
        Assert.Empty(await EntriesAsync(scene, "account.connect_failed"));
        Assert.Empty(scene.Host.Provider.Revoked);
    }

    [Fact]
    public async Task An_installation_whose_word_is_lost_is_looked_for_and_not_revoked()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        var lost = 0;
        scene.Host.Store.After = call =>
            call == "accounts.update" && lost++ == 0
                ? throw new StoreUnavailableException("cut", true)
                : Task.CompletedTask;
        Assert.Contains("is connected", (await visitor.ReturnAsync()).Is(200).Text, StringComparison.Ordinal);
        scene.Host.Store.After = null;
        Assert.Empty(scene.Host.Provider.Revoked);
        Assert.Single(await EntriesAsync(scene, "account.connected"));
        Assert.Empty(await EntriesAsync(scene, "account.reconnected"));
    }

    [Fact]
    public async Task A_store_that_takes_the_installation_and_then_is_gone_costs_no_working_grant()
    {
        await using var scene = await Scene.SetAsync();
        var (visitor, link) = (new Visitor(scene.Host), await scene.LinkAsync());
        await visitor.OpenAsync(link);
        var cut = false;
        scene.Host.Store.After = call =>
            call == "accounts.update" && (cut = true)
                ? throw new StoreUnavailableException("cut", true)
                : Task.CompletedTask;
        scene.Host.Store.Before = _ => cut ? throw new StoreUnavailableException("down", false) : Task.CompletedTask;
        var page = (await visitor.ReturnAsync()).Is(503);
        Assert.DoesNotContain("The provider cannot be reached", page.Text, StringComparison.Ordinal);
        (scene.Host.Store.After, scene.Host.Store.Before) = (null, null);
        Assert.Empty(scene.Host.Provider.Revoked);
        Assert.Equal("ACTIVE", (await scene.AccountAsync())["status"]!.GetValue<string>());
        scene.Host.Time.Advance(Over);
        Assert.Contains("Already connected", (await visitor.ReturnAsync()).Is(410).Text, StringComparison.Ordinal);
        Assert.Equal(LinkStatus.Done, (await StoredAsync(scene, link)).Status);
    }

    [Fact]
    public async Task A_store_that_certainly_did_not_take_it_leaves_no_token_alive()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync());
        scene.Host.Store.Before = call =>
            call == "accounts.update" ? throw new StoreUnavailableException("down", false) : Task.CompletedTask;
        (await visitor.ReturnAsync()).Is(503);
        scene.Host.Store.Before = null;
        Assert.Equal("at-secret-1", Assert.Single(scene.Host.Provider.Revoked));
        scene.Host.Time.Advance(Over);
        await scene.Host.Get<InterruptedConsents>().SettleAsync(100, default);
        Assert.Equal(
            StatusReason.ConsentInterrupted,
            (await scene.AccountAsync())["status_reason"]!.GetValue<string>()
        );
    }

    [Fact]
    public async Task A_link_that_could_not_be_stored_is_not_in_the_ledger()
    {
        await using var scene = await Scene.SetAsync();
        scene.Host.Store.Before = call =>
            call == "links.insert" ? throw new StoreUnavailableException("down", false) : Task.CompletedTask;
        (await scene.AskAsync()).Is(503);
        scene.Host.Store.Before = null;
        Assert.Empty(await EntriesAsync(scene, LedgerEvents.AccountLinkCreated));
        await scene.LinkAsync();
        Assert.Single(await EntriesAsync(scene, LedgerEvents.AccountLinkCreated));
    }

    [Theory]
    [InlineData(LinkStatus.Ready)]
    [InlineData(LinkStatus.Opened)]
    public async Task A_link_whose_row_a_key_rotation_seals_again_in_between_goes_on(LinkStatus at)
    {
        await using var scene = await Scene.SetAsync();
        var (visitor, link) = (new Visitor(scene.Host), await scene.LinkAsync());
        var sealedAgain = false;
        scene.Host.Store.Before = async call =>
        {
            if (
                call != "links.update"
                || sealedAgain
                || await StoredAsync(scene, link) is not { } row
                || row.Status != at
            )
                return;
            sealedAgain = true;
            await scene.Host.Get<ILinkStore>().UpdateAsync(row, row.Version, [], default);
        };
        (await visitor.OpenAsync(link)).Is(303);
        (await visitor.ReturnAsync()).Is(200);
        Assert.True(sealedAgain);
        Assert.Single(scene.Host.Provider.Codes);
    }

    [Fact]
    public async Task A_connection_removed_while_its_code_is_exchanged_gets_no_account()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { return_url = "https://app.example.com/done" }));
        scene.Host.Provider.Exchanging = async () => (await RemoveAsync(scene)).Is(200);
        Assert.Contains(
            "error=connection_unknown",
            (await visitor.ReturnAsync()).Is(303).Header("Location"),
            StringComparison.Ordinal
        );
        Assert.Contains("at-secret-1", scene.Host.Provider.Revoked);
        var account = await scene.AccountAsync();
        Assert.Equal(
            ("REVOKED", StatusReason.ConnectionDeleted),
            (account["status"]!.GetValue<string>(), account["status_reason"]!.GetValue<string>())
        );
    }

    [Fact]
    public async Task A_connection_removed_while_the_person_is_at_the_provider_is_told_to_person_application_and_ledger()
    {
        await using var scene = await Scene.SetAsync();
        var visitor = new Visitor(scene.Host);
        await visitor.OpenAsync(await scene.LinkAsync(new { return_url = "https://app.example.com/done" }));
        (await RemoveAsync(scene)).Is(200);
        Assert.Contains(
            "status=failed",
            (await visitor.ReturnAsync()).Is(303).Header("Location"),
            StringComparison.Ordinal
        );
        Assert.Equal(
            StatusReason.ConnectionDeleted,
            Assert.Single(await EntriesAsync(scene, "account.connect_failed"))["status_reason"]!.GetValue<string>()
        );
        Assert.Empty(scene.Host.Provider.Codes);
    }

    private static Task<Reply> RemoveAsync(Scene scene) =>
        scene.Host.SendAsync(HttpMethod.Delete, $"/v1/connections/acme?organization_id={scene.Organization}", null);

    /// <summary>
    /// The callback is on its way with its code at the provider; what the answer was, only the host that asked would
    /// know.
    /// </summary>
    private static async Task<(Task<Reply> Dying, TaskCompletionSource Died)> DieAtTheExchangeAsync(
        Scene scene,
        Visitor visitor,
        string link
    )
    {
        await visitor.OpenAsync(link);
        var (entered, died) = (new TaskCompletionSource(), new TaskCompletionSource());
        scene.Host.Provider.Exchanging = () =>
        {
            entered.TrySetResult();
            return died.Task;
        };
        var dying = visitor.ReturnAsync();
        await Task.WhenAny(entered.Task, dying);
        return (dying, died);
    }

    private static async Task<LinkSession> StoredAsync(Scene scene, string link) =>
        (
            await scene
                .Host.Get<ILinkStore>()
                .FindByTokenAsync(LinkSecrets.Hash(link[(link.LastIndexOf('/') + 1)..]), default)
        )!;

    private static async Task<IReadOnlyList<JsonNode>> EntriesAsync(Scene scene, string type)
    {
        await scene.Host.Get<LedgerWriter>().DrainOutboxAsync(default);
        var found = (await scene.Host.GetAsync($"/v1/ledger?organization_id={scene.Organization}&type={type}")).Is(200);
        return [.. found.Json["items"]!.AsArray().Select(e => e!["entry"]!)];
    }
}
