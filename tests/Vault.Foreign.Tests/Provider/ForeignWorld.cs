using System.Net;

namespace Vault.Foreign.Tests.Provider;

/// <summary>
/// A vault that knows the foreign provider by a pack of data only, that provider, and a connection of an organization
/// to it.
/// </summary>
public sealed class ForeignWorld : IAsyncDisposable
{
    public const string User = "ada";
    public const string Tool = "oidc_provider_get_profile";

    public required World Vault { get; init; }

    public required OidcServer Provider { get; init; }

    public required string Organization { get; init; }

    public static async Task<ForeignWorld> StartAsync()
    {
        // No sweep within a test: what is refreshed, is refreshed because an execution needed it.
        var vault = await World.StartAsync(
            1,
            postgres: false,
            "--packs",
            OidcServer.Packs,
            "--sweep-interval-ms",
            "3600000"
        );
        OidcServer? provider = null;
        try
        {
            provider = await OidcServer.StartAsync(vault.Hosts[0].Url + "/oauth/callback");
            var organization = await vault.OrganizationAsync();
            await vault.ConnectionAsync(
                organization,
                "oidc_provider",
                new
                {
                    client_id = provider.ClientId,
                    client_secret = provider.ClientSecret,
                    parameters = new { base_url = provider.Issuer },
                }
            );
            return new ForeignWorld
            {
                Vault = vault,
                Provider = provider,
                Organization = organization,
            };
        }
        catch
        {
            if (provider is not null)
                await provider.DisposeAsync();
            await vault.DisposeAsync();
            throw;
        }
    }

    /// <summary>A link for the user; the answer has <c>link</c> and <c>connected_account_id</c>.</summary>
    public async Task<Reply> LinkAsync()
    {
        var made = await Vault.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = Organization,
                user_id = User,
                connection = "oidc_provider",
            }
        );
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        return made;
    }

    /// <summary>
    /// A person with a fresh browser opens the link, signs in at the provider and consents; answers the account.
    /// </summary>
    public async Task<string> ConnectAsync(string login = "grace")
    {
        var made = await LinkAsync();
        using var browser = new PlainBrowser();
        await ConsentAsync(browser, made["link"], login);
        return made["connected_account_id"];
    }

    public async Task ConsentAsync(PlainBrowser browser, string link, string login)
    {
        await ReachProviderAsync(browser, link);
        await browser.SubmitAsync(("login", login), ("password", "whatever"));
        await browser.SubmitAsync();
        Assert.True(browser.Heading == "Connected", $"{browser.At.AbsolutePath} {browser.Page} {Provider}");
    }

    /// <summary>From the vault's page to the provider's sign-in page.</summary>
    public async Task ReachProviderAsync(PlainBrowser browser, string link)
    {
        await browser.OpenAsync(link);
        Assert.Equal("Connect Elsewhere ID", browser.Heading);
        await browser.SubmitAsync();
        Assert.True(
            browser.At.AbsoluteUri.StartsWith(Provider.Issuer + "/interaction/", StringComparison.Ordinal),
            $"{browser.At} {browser.Page}"
        );
    }

    public Task<Reply> ExecuteAsync() => Vault.ExecuteAsync(Organization, User, Tool);

    public Task<Reply> AccountAsync(string id) =>
        Vault.GetAsync($"/v1/connected_accounts/{id}?organization_id={Organization}");

    /// <summary>
    /// Before it goes: none of the provider's tokens stands in the clear in a log line or the database (the world looks
    /// for the sandbox's).
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var issued = (await Provider.SeenAsync()).Issued;
        await Provider.DisposeAsync();
        var canary = new Canary(
            issued.SelectMany(i => new[] { i.AccessToken, i.RefreshToken }).Append(Provider.ClientSecret)
        );
        string[] databases = [.. Directory.EnumerateFiles(Vault.Folder, "vault.db*", SearchOption.AllDirectories)];
        var leaks = Vault
            .Logs.Where(canary.Finds)
            .Select(_ => "log")
            .Concat(databases.Where(file => canary.Finds(File.ReadAllBytes(file))))
            .Distinct()
            .ToList();
        await Vault.DisposeAsync();
        Assert.NotEmpty(databases);
        Assert.Empty(leaks);
    }
}
