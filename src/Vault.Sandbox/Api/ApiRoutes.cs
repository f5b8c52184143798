using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;

namespace Vault.Sandbox.Api;

/// <summary>The echo API, the same behind each door: count, let faults strike, authenticate, check the scope, answer.</summary>
internal sealed class ApiRoutes(IReadOnlyList<ApiDoor> doors, CounterBook counters, FaultRunner faults, ItemEndpoints items, MeEndpoint me)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var door in doors)
        {
            Map(routes, door, "GET", "/me", SandboxScopes.Profile, me.MeAsync);
            Map(routes, door, "GET", "/items", SandboxScopes.ItemsRead, items.ListAsync);
            Map(routes, door, "GET", "/items/{id}", SandboxScopes.ItemsRead, items.GetAsync);
            Map(routes, door, "POST", "/items", SandboxScopes.ItemsWrite, items.CreateAsync);
            Map(routes, door, "DELETE", "/items/{id}", SandboxScopes.ItemsDelete, items.DeleteAsync);
            Map(routes, door, "POST", "/forms", SandboxScopes.ItemsWrite, UploadEndpoints.FormAsync);
            Map(routes, door, "POST", "/files", SandboxScopes.ItemsWrite, UploadEndpoints.FilesAsync);
            Map(routes, door, "GET", "/echo", SandboxScopes.ItemsRead, EchoEndpoints.EchoAsync);
            Map(routes, door, "GET", "/large", SandboxScopes.ItemsRead, EchoEndpoints.LargeAsync);
            Map(routes, door, "GET", "/redirect", SandboxScopes.ItemsRead, EchoEndpoints.RedirectAsync);
            Map(routes, door, "GET", "/verify", scope: null, EchoEndpoints.VerifyAsync);
        }
    }

    private void Map(IEndpointRouteBuilder routes, ApiDoor door, string method, string path, string? scope, Func<HttpContext, ApiCaller, Task> answer)
    {
        var route = door.Prefix + path;
        var countedAs = method + " " + route;
        routes.MapMethods(route, [method], context =>
        {
            var (subject, clientId, token) = door.Glimpse(context.Request);
            counters.AddApiCall(countedAs, subject, clientId);
            var site = new FaultSite(FaultTarget.Api, context.Request.Path.Value ?? route, clientId, GrantId: token?.Family.Id, Access: token);
            return faults.RunAsync(context, site, c => AdmitAsync(c, door, scope, clientId, answer));
        });
    }

    private Task AdmitAsync(HttpContext context, ApiDoor door, string? scope, string? clientId, Func<HttpContext, ApiCaller, Task> answer)
    {
        var (caller, refusal, counts) = door.Open(context.Request);
        if (caller is null)
        {
            counters.Add(counts, clientId);
            return refusal!.WriteAsync(context);
        }

        return scope is null || caller.Has(scope) ? answer(context, caller) : ApiRefusal.MissingScope(scope).WriteAsync(context);
    }
}
