using System.Net;
using Vault.Sandbox.Api;
using Vault.Sandbox.Control;
using Vault.Sandbox.OAuth;
using Vault.Sandbox.Pages;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox;

/// <summary>Maps the endpoints in Kestrel. It reads no configuration files and logs no requests.</summary>
internal static class SandboxApp
{
    public static WebApplication Build(SandboxOptions options, SandboxState state)
    {
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "Vault.Sandbox", EnvironmentName = "Development" }
        );
        builder.Services.AddRoutingCore();
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                if (options.Host == "localhost" && options.Port != 0)
                {
                    kestrel.ListenLocalhost(options.Port);
                }
                else
                {
                    kestrel.Listen(
                        options.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(options.Host.Trim('[', ']')),
                        options.Port
                    );
                }
            });

        var app = builder.Build();
        app.Use(next => context => GuardAsync(context, next, state));
        app.UseRouting();
        return app;
    }

    public static void Map(WebApplication app, SandboxState s, SandboxServer server)
    {
        string Issuer() => s.Issuer;
        var authentication = new ClientAuthentication(s.Clients, s.Counters);
        var bearer = new BearerAuthenticator(s.Index, s.Time);
        var token = new TokenEndpoint(
            authentication,
            s.Index,
            s.Counters,
            s.Runner,
            new CodeGrant(s.Codes, s.Index, s.Counters, s.Signer, s.Time),
            new RefreshGrant(s.Index, s.Counters, s.Time),
            new ClientCredentialsGrant(s.Index, s.Counters, s.Time),
            new JwtBearerGrant(s.Keys, s.Clients, s.Index, s.Counters, s.Time, Issuer)
        );
        var authorize = new AuthorizeEndpoint(
            s.Clients,
            s.Identities,
            s.Codes,
            s.Counters,
            s.Faults,
            s.Runner,
            s.Time,
            Issuer
        );
        var metadata = new MetadataEndpoint(Issuer);
        var userinfo = new UserinfoEndpoint(bearer, s.Identities, s.Runner);

        app.MapGet("/", HomePage.WriteAsync);
        app.MapGet("/.well-known/oauth-authorization-server", metadata.HandleAsync);
        app.MapGet("/.well-known/openid-configuration", metadata.HandleAsync);
        app.MapGet("/jwks", s.Signer.HandleKeysAsync);
        app.MapGet("/oauth/authorize", authorize.HandleAsync);
        app.MapPost("/oauth/authorize/decision", authorize.HandleDecisionAsync);
        app.MapPost("/oauth/token", token.HandleAsync);
        app.MapPost("/oauth/revoke", new RevokeEndpoint(authentication, s.Index, s.Counters, s.Runner).HandleAsync);
        app.MapPost(
            "/oauth/introspect",
            new IntrospectEndpoint(authentication, s.Index, s.Counters, s.Runner, s.Time, Issuer).HandleAsync
        );
        app.MapGet("/oauth/userinfo", userinfo.HandleAsync);
        app.MapPost("/oauth/userinfo", userinfo.HandleAsync);
        new ApiRoutes(
            [bearer, new KeyAuthenticator(s.Credentials), new BasicAuthenticator(s.Credentials)],
            s.Counters,
            s.Runner,
            new ItemEndpoints(s.Items, s.Counters),
            new MeEndpoint(s.Identities)
        ).Map(app);
        new ControlRoutes(server).Map(app);
    }

    /// <summary>
    /// Protects against DNS rebinding: a web page must not reach the sandbox through a name that resolves to loopback,
    /// so the Host header must be a loopback name.
    /// </summary>
    private static async Task GuardAsync(HttpContext context, RequestDelegate next, SandboxState state)
    {
        if (!StartupRules.IsLoopback(context.Request.Host.Host))
        {
            await JsonReply.WriteErrorAsync(
                context,
                421,
                "misdirected_request",
                "the sandbox accepts only the hosts 127.0.0.1, [::1] and localhost"
            );
            return;
        }

        try
        {
            await next(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            if (e is BadHttpRequestException bad)
            {
                await JsonReply.WriteErrorAsync(
                    context,
                    bad.StatusCode,
                    "invalid_request",
                    "the request could not be read"
                );
            }
            else if (!context.RequestAborted.IsCancellationRequested)
            {
                state.Counters.AddUnhandledError();
                await Console.Error.WriteLineAsync($"sandbox: {context.Request.Method} {context.Request.Path}: {e}");
                await JsonReply.WriteErrorAsync(
                    context,
                    500,
                    "server_error",
                    "the sandbox failed; see its error output"
                );
            }
        }
    }
}
