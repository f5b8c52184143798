using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>A successful response of the token endpoint (RFC 6749 section 5.1).</summary>
internal readonly record struct TokenReply(AccessToken Access, string? Refresh, string? IdToken = null)
{
    public Task WriteAsync(HttpContext context)
    {
        JsonReply.NoStore(context.Response);
        return JsonReply.WriteAsync(context, 200, this, static (writer, reply) =>
        {
            writer.WriteString("access_token"u8, reply.Access.Value);
            writer.WriteString("token_type"u8, "Bearer"u8);
            if (!reply.Access.Family.Policy.OmitExpiresIn)
            {
                writer.WriteNumber("expires_in"u8, (long)(reply.Access.ExpiresAt - reply.Access.IssuedAt).TotalSeconds);
            }

            if (reply.Refresh is not null)
            {
                writer.WriteString("refresh_token"u8, reply.Refresh);
            }

            if (reply.IdToken is not null)
            {
                writer.WriteString("id_token"u8, reply.IdToken);
            }

            writer.WriteString("scope"u8, reply.Access.ScopeText);
        });
    }

    public override string ToString() => "TokenReply";
}
