using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// POST /oauth/introspect (RFC 7662). For invalid, unknown and other clients' tokens the response is only
/// {"active":false}.
/// </summary>
internal sealed class IntrospectEndpoint(
    ClientAuthentication authentication,
    TokenIndex index,
    CounterBook counters,
    FaultRunner faults,
    TimeProvider time,
    Func<string> issuer
)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (form, problem) = await StrictForm.ReadAsync(context.Request);
        var clientId = form is null ? null : ClientAuthentication.Claimed(context.Request, form);
        var site = new FaultSite(FaultTarget.Introspect, "/oauth/introspect", clientId);
        await faults.RunAsync(context, site, c =>
            form is null ? OAuthError.InvalidRequest(problem!).WriteAsync(c) : ActAsync(c, form)
        );
    }

    private Task ActAsync(HttpContext context, StrictForm form)
    {
        var (client, error) = authentication.Authenticate(context.Request, form);
        if (error is not null)
        {
            return error.WriteAsync(context);
        }

        if (form["token"] is not { } token)
        {
            return OAuthError.InvalidRequest("token is missing").WriteAsync(context);
        }

        counters.Add(Count.Introspections, client!.Current.ClientId);
        JsonReply.NoStore(context.Response);
        var now = time.GetUtcNow();
        if (
            index.TryAccess(token, out var access)
            && access.StateAt(now) == AccessState.Live
            && access.Family.ClientId == client.Current.ClientId
        )
        {
            return JsonReply.WriteAsync(context, 200, (access, issuer()), static (writer, t) =>
            {
                var (a, iss) = t;
                writer.WriteBoolean("active"u8, true);
                writer.WriteString("token_type"u8, "Bearer"u8);
                writer.WriteString("scope"u8, a.ScopeText);
                writer.WriteString("client_id"u8, a.Family.ClientId);
                writer.WriteString("sub"u8, a.Family.Subject);
                writer.WriteString("iss"u8, iss);
                writer.WriteNumber("iat"u8, a.IssuedAt.ToUnixTimeSeconds());
                writer.WriteNumber("exp"u8, a.ExpiresAt.ToUnixTimeSeconds());
            });
        }

        if (
            index.TryRefresh(token, out var refresh)
            && refresh.Family.ClientId == client.Current.ClientId
            && refresh.Family.IsRefreshLive(refresh, now)
        )
        {
            return JsonReply.WriteAsync(context, 200, (refresh.Family, issuer()), static (writer, t) =>
            {
                var (family, iss) = t;
                writer.WriteBoolean("active"u8, true);
                writer.WriteString("token_type"u8, "refresh_token"u8);
                writer.WriteString("scope"u8, family.ScopeText);
                writer.WriteString("client_id"u8, family.ClientId);
                writer.WriteString("sub"u8, family.Subject);
                writer.WriteString("iss"u8, iss);
            });
        }

        return JsonReply.WriteAsync(context, 200, false, static (writer, active) =>
            writer.WriteBoolean("active"u8, active)
        );
    }
}
