using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Vault.Host.Tests.Conventions;

namespace Vault.Foreign.Tests.Browser;

/// <summary>
/// A real browser, and a vault with the sandbox for it to go to; shared by the tests of a class, which have an
/// organization and a browser context each.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    // Milliseconds; generous, because the machine may be busy with other tests. What is there earlier is seen earlier.
    private const float Timeout = 120_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private World? _vault;

    public static string Pictures { get; } =
        Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "connect-pages")).FullName;

    public World Vault => _vault!;

    public string Origin => Vault.Hosts[0].Url;

    public async Task InitializeAsync()
    {
        var program = Environment
            .GetEnvironmentVariable("PATH")!
            .Split(':')
            .Select(folder => Path.Combine(folder, "chromium"))
            .FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException(
                "Chromium is not installed; ./scripts/test installs it on Debian as root, or run: sudo apt-get install chromium"
            );
        _vault = await World.StartAsync(1, postgres: false, "--sweep-interval-ms", "3600000");
        _vault.Sandbox.Clients.Update("demo-client", c =>
            c with
            {
                Name = "Acme Assistant",
                RedirectUris = [Origin + "/oauth/callback"],
            }
        );
        Assertions.SetDefaultExpectTimeout(Timeout);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = program,
                Headless = true,
                // Its own sandbox does not run as root; the rest keeps it from talking to its maker.
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }

    /// <summary>A browser of its own: no cookie, no history in common with another.</summary>
    public async Task<Visitor> VisitorAsync()
    {
        var context = await _browser!.NewContextAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = 900, Height = 760 },
            }
        );
        context.SetDefaultTimeout(Timeout);
        var visitor = new Visitor(context, await context.NewPageAsync());
        context.Request += (_, request) => visitor.Requests.Add(request.Url);
        return visitor;
    }

    public async Task<string> OrganizationAsync(object? connection = null)
    {
        var organization = await Vault.OrganizationAsync("Acme Corporation");
        await Vault.ConnectionAsync(
            organization,
            "sandbox_single_use",
            connection
                ?? new
                {
                    client_id = "demo-client",
                    client_secret = "demo-secret",
                    app_name = "Acme Assistant",
                }
        );
        return organization;
    }

    public async Task<Reply> LinkAsync(string organization, object? more = null)
    {
        var body = System
            .Text.Json.JsonSerializer.SerializeToNode(more ?? new { agent_name = "Weekly Reporter" })!
            .AsObject();
        (body["organization_id"], body["user_id"], body["connection"]) = (
            organization,
            "ada@acme.example",
            "sandbox_single_use"
        );
        var made = await Vault.PostAsync("/v1/connected_accounts:link", body);
        Assert.True(made.Status == System.Net.HttpStatusCode.Created, made.ToString());
        return made;
    }

    public Task<Reply> AccountAsync(string organization, string account) =>
        Vault.GetAsync($"/v1/connected_accounts/{account}?organization_id={organization}");

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_vault is not null)
            await _vault.DisposeAsync();
    }
}

/// <summary>One person at one browser.</summary>
public sealed record Visitor(IBrowserContext Context, IPage Page) : IAsyncDisposable
{
    public System.Collections.Concurrent.ConcurrentBag<string> Requests { get; } = [];

    public ILocator Heading => Page.GetByRole(AriaRole.Heading, new() { Level = 1 });

    public ILocator Continue => Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Continue to ") });

    /// <summary>On the provider's consent page.</summary>
    public ILocator Allow => Page.GetByRole(AriaRole.Button, new() { Name = "Allow" });

    public Task<IResponse?> OpenAsync(string url) => Page.GotoAsync(url);

    public Task PictureAsync(string name) =>
        Page.ScreenshotAsync(new() { Path = Path.Combine(Chromium.Pictures, name + ".png"), FullPage = true });

    /// <summary>What the axe rules of WCAG 2.2 A and AA, and good practice, find wrong.</summary>
    public async Task<IEnumerable<string>> BarriersAsync() =>
        (await Page.RunAxe()).Violations.SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {v.Help} {n.Html}"));

    public ValueTask DisposeAsync() => Context.DisposeAsync();
}
