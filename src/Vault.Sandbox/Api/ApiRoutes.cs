using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;

namespace Vault.Sandbox.Api;

/// <summary>
/// The echo API, the same for each authentication method: count, apply faults, authenticate, check the scope, respond.
/// </summary>
internal sealed class ApiRoutes(
    IReadOnlyList<ApiAuthenticator> authenticators,
    CounterBook counters,
    FaultRunner faults,
    ItemEndpoints items,
    MeEndpoint me
)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var authenticator in authenticators)
        {
            Map(routes, authenticator, "GET", "/me", SandboxScopes.Profile, me.MeAsync);
            Map(routes, authenticator, "GET", "/items", SandboxScopes.ItemsRead, items.ListAsync);
            Map(routes, authenticator, "GET", "/items/{id}", SandboxScopes.ItemsRead, items.GetAsync);
            Map(routes, authenticator, "POST", "/items", SandboxScopes.ItemsWrite, items.CreateAsync);
            Map(routes, authenticator, "DELETE", "/items/{id}", SandboxScopes.ItemsDelete, items.DeleteAsync);
            Map(routes, authenticator, "POST", "/forms", SandboxScopes.ItemsWrite, UploadEndpoints.FormAsync);
            Map(routes, authenticator, "POST", "/files", SandboxScopes.ItemsWrite, UploadEndpoints.FilesAsync);
            Map(routes, authenticator, "GET", "/echo", SandboxScopes.ItemsRead, EchoEndpoints.EchoAsync);
            Map(routes, authenticator, "GET", "/large", SandboxScopes.ItemsRead, EchoEndpoints.LargeAsync);
            Map(routes, authenticator, "GET", "/redirect", SandboxScopes.ItemsRead, EchoEndpoints.RedirectAsync);
            Map(routes, authenticator, "GET", "/verify", scope: null, EchoEndpoints.VerifyAsync);
        }
    }

    private void Map(
        IEndpointRouteBuilder routes,
        ApiAuthenticator authenticator,
        string method,
        string path,
        string? scope,
        Func<HttpContext, ApiCaller, Task> answer
    )
    {
        var route = authenticator.Prefix + path;
        var countedAs = method + " " + route;
        routes.MapMethods(route, [method], context =>
        {
            var (subject, clientId, token) = authenticator.Identify(context.Request);
            counters.AddApiCall(countedAs, subject, clientId);
            var site = new FaultSite(
                FaultTarget.Api,
                context.Request.Path.Value ?? route,
                clientId,
                GrantId: token?.Family.Id,
                Access: token
            );
            return faults.RunAsync(context, site, c => AdmitAsync(c, authenticator, scope, clientId, answer));
        });
    }

    private Task AdmitAsync(
        HttpContext context,
        ApiAuthenticator authenticator,
        string? scope,
        string? clientId,
        Func<HttpContext, ApiCaller, Task> answer
    )
    {
        var (caller, refusal, counts) = authenticator.Open(context.Request);
        if (caller is null)
        {
            counters.Add(counts, clientId);
            return refusal!.WriteAsync(context);
        }

        return scope is null || caller.Has(scope)
            ? answer(context, caller)
            : ApiRefusal.MissingScope(scope).WriteAsync(context);
    }
}
