using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Control;

/// <summary>Registers and changes clients. Responses never contain a secret.</summary>
internal sealed class ClientControl(ClientRegistry clients)
{
    public Task ListAsync(HttpContext context) =>
        ControlJson.WriteAsync(context, 200, new { Items = clients.All.Select(View) });

    public async Task RegisterAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ClientRequest>(context);
        var fresh = new SandboxClient { ClientId = request.ClientId ?? "", ClientSecret = request.ClientSecret ?? "" };
        await ControlJson.WriteAsync(context, 201, View(clients.Register(request.ApplyTo(fresh))));
    }

    public async Task ChangeAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ClientRequest>(context);
        var id = (string)context.Request.RouteValues["id"]!;
        if (request.ClientId is not null && request.ClientId != id)
        {
            throw new ArgumentException("client_id cannot be changed; register another client");
        }

        await ControlJson.WriteAsync(context, 200, View(clients.Update(id, request.ApplyTo)));
    }

    private static object View(SandboxClient client) =>
        new
        {
            client.ClientId,
            client.Name,
            client.RedirectUris,
            client.Scopes,
            client.GrantTypes,
            client.AuthMethod,
            client.Policy,
            client.AutoConsent,
            client.AutoConsentSubject,
        };
}
