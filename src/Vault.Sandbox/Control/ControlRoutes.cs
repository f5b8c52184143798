namespace Vault.Sandbox.Control;

/// <summary>The control API under /_control, for programs on this machine.</summary>
internal sealed class ControlRoutes(SandboxServer server)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        Add(routes, "GET", "/counters", c => ControlJson.WriteAsync(c, 200, server.Counters));
        Add(routes, "POST", "/reset", ResetAsync);

        var clients = new ClientControl(server.Clients);
        Add(routes, "GET", "/clients", clients.ListAsync);
        Add(routes, "POST", "/clients", clients.RegisterAsync);
        Add(routes, "PATCH", "/clients/{id}", clients.ChangeAsync);

        var grants = new GrantControl(server.Grants);
        Add(routes, "POST", "/grants", grants.MintAsync);
        Add(routes, "POST", "/grants:expire_access", grants.ExpireAllAsync);
        Add(routes, "GET", "/grants/{id}", grants.ShowAsync);
        Add(routes, "POST", "/grants/{id}:expire_access", grants.ExpireAsync);
        Add(routes, "POST", "/grants/{id}:revoke", grants.RevokeAsync);

        var credentials = new CredentialControl(server.Credentials, server.JwtKeys, server.Clients);
        Add(routes, "POST", "/api_keys", credentials.AddKeyAsync);
        Add(routes, "POST", "/api_keys:revoke", credentials.RevokeKeyAsync);
        Add(routes, "POST", "/logins", credentials.AddLoginAsync);
        Add(routes, "DELETE", "/logins/{username}", credentials.RevokeLoginAsync);
        Add(routes, "POST", "/jwt_keys", credentials.AddJwtKeyAsync);

        var faults = new FaultControl(server.Faults);
        Add(routes, "GET", "/faults", faults.ListAsync);
        Add(routes, "POST", "/faults", faults.AddAsync);
        Add(routes, "DELETE", "/faults", faults.ClearAsync);
        Add(routes, "DELETE", "/faults/{id}", faults.RemoveAsync);
        Add(routes, "POST", "/faults/{id}:release", faults.ReleaseAsync);
    }

    private async Task ResetAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ResetRequest>(context);
        server.Reset(request.Grants, request.Items);
        await ControlJson.WriteAsync(context, 200, new { Reset = true });
    }

    private static void Add(IEndpointRouteBuilder routes, string method, string path, Func<HttpContext, Task> act) =>
        routes.MapMethods("/_control" + path, [method], context => ControlJson.RunAsync(context, act));
}
