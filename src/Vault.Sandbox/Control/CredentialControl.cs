using Vault.Sandbox.Api;
using Vault.Sandbox.Clients;
using Vault.Sandbox.OAuth;

namespace Vault.Sandbox.Control;

/// <summary>Registers API keys, logins and the public keys of service accounts.</summary>
internal sealed class CredentialControl(SandboxCredentials credentials, JwtKeys keys, ClientRegistry clients)
{
    public async Task AddKeyAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ApiKeyRequest>(context);
        credentials.Register(new SandboxApiKey(request.Key, request.Subject, request.Scopes ?? SandboxScopes.All));
        await ControlJson.WriteAsync(context, 201, new { request.Subject });
    }

    /// <summary>The key is in the body, because keys must not be in URLs.</summary>
    public async Task RevokeKeyAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ApiKeyRequest>(context);
        await ControlJson.WriteAsync(context, 200, new { Revoked = credentials.RevokeKey(request.Key) });
    }

    public async Task AddLoginAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<LoginRequest>(context);
        credentials.Register(
            new SandboxLogin(request.Username, request.Password, request.Subject, request.Scopes ?? SandboxScopes.All)
        );
        await ControlJson.WriteAsync(context, 201, new { request.Username, request.Subject });
    }

    public Task RevokeLoginAsync(HttpContext context) =>
        ControlJson.WriteAsync(
            context,
            200,
            new { Revoked = credentials.RevokeLogin((string)context.Request.RouteValues["username"]!) }
        );

    public async Task AddJwtKeyAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<JwtKeyRequest>(context);
        var clientId = clients.Get(request.ClientId ?? SandboxClient.DemoId).ClientId;
        switch (request)
        {
            case { PublicKeyPem: { } pem, Jwk: null }:
                keys.RegisterPem(request.Issuer, request.Kid, pem, clientId);
                break;
            case { PublicKeyPem: null, Jwk: { } jwk }:
                keys.RegisterJwk(request.Issuer, jwk, clientId);
                break;
            default:
                throw new ArgumentException("send exactly one of public_key_pem and jwk");
        }

        await ControlJson.WriteAsync(context, 201, new { request.Issuer, ClientId = clientId });
    }
}
