using System.Text.Json;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Control;

/// <summary>Mints, expires and revokes grants, one or a hundred thousand at a time.</summary>
internal sealed class GrantControl(GrantRegistry grants)
{
    private const int MaxGrants = 200_000;

    /// <summary>Without count: one grant as an object. With count: {"items":[...]}, written as a stream.</summary>
    public async Task MintAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<GrantRequest>(context);
        JsonReply.NoStore(context.Response);
        if (request.Count is not { } count)
        {
            await JsonReply.WriteAsync(context, 201, grants.Mint(request.ToSeed()), Write);
            return;
        }

        if (count is < 1 or > MaxGrants)
        {
            throw new ArgumentException($"count is {count}; use 1 to {MaxGrants}");
        }

        var minted = grants.MintMany(request.ToSeed(), count);
        context.Response.StatusCode = 201;
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteStartArray("items"u8);
        for (var i = 0; i < minted.Count; i++)
        {
            writer.WriteStartObject();
            Write(writer, minted[i]);
            writer.WriteEndObject();
            if (i % 256 == 255)
            {
                writer.Flush();
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public Task ShowAsync(HttpContext context) => ControlJson.WriteAsync(context, 200, grants.Get(Id(context)));

    public Task ExpireAsync(HttpContext context)
    {
        grants.ExpireAccess(Id(context));
        return ShowAsync(context);
    }

    public async Task ExpireAllAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<ExpireRequest>(context);
        await ControlJson.WriteAsync(context, 200, new { Expired = grants.ExpireAllAccess(request.ClientId) });
    }

    public async Task RevokeAsync(HttpContext context)
    {
        var request = await ControlJson.ReadAsync<RevokeRequest>(context);
        grants.Revoke(Id(context), request.Reason ?? "the user revoked access");
        await ShowAsync(context);
    }

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static void Write(Utf8JsonWriter writer, MintedGrant grant)
    {
        writer.WriteString("grant_id"u8, grant.GrantId);
        writer.WriteString("subject"u8, grant.Subject);
        writer.WriteString("access_token"u8, grant.AccessToken);
        writer.WriteString("refresh_token"u8, grant.RefreshToken);
        writer.WriteString("token_type"u8, "Bearer"u8);
        writer.WriteNumber("expires_in"u8, grant.ExpiresIn);
        writer.WriteString("scope"u8, grant.Scope);
    }
}
