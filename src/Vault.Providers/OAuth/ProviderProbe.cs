using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Providers.Classification;
using Vault.Providers.Egress;
using Vault.Providers.Upstream;

namespace Vault.Providers.OAuth;

/// <summary>
/// Reads the identity behind a credential, or only whether it works. Only reads, so a lost response has no
/// consequences.
/// </summary>
internal sealed class ProviderProbe(ProviderHttp http, TimeProvider time)
{
    private readonly OAuthCall _call = new(http, time);

    public async Task<IdentityReply> AskAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    )
    {
        var details = client.Pack.Details;
        // A static credential is verified by its verification call; a grant by the identity call.
        var probe = grant is null ? details.Verification ?? details.Identity : details.Identity ?? details.Verification;
        if (probe is null)
            return grant is not null && details.Introspection is { } introspection
                ? await IntrospectAsync(client, grant, introspection, deadline)
                : new IdentityReply.NoCall();
        var variables = TemplateContext.Of(client);
        if (variables.ExpandUrl(probe.Url, http.Policy, out var fault) is not { } url)
            return new IdentityReply.NotSent(FailureCode.Clean(fault) ?? "egress_denied");
        var message = new HttpRequestMessage(new HttpMethod(probe.Method), url) { Version = HttpVersion.Version11 };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        message.Headers.TryAddWithoutValidation("User-Agent", "vault-orleans");
        foreach (var (name, template) in details.Api.Headers.Concat(probe.Headers))
        {
            if (variables.Expand(template) is not { } value)
                continue;
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }

        if (
            CredentialPlacement.Apply(
                message,
                client.Pack,
                grant,
                credential,
                client is { ClientSecret: { } secret, Connection.ClientId: { } id } ? (id, secret) : null,
                time
            ) is
            { } missing
        )
        {
            message.Dispose();
            return new IdentityReply.NotSent(FailureCode.Clean(missing) ?? UnsentCodes.CredentialUnusable);
        }

        if (probe.Method is not ("GET" or "DELETE"))
            message.Content = new TrackedContent(probe.Body is null ? [] : Encoding.UTF8.GetBytes(probe.Body));
        if (probe.Body is not null)
            message.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var reply = await _call.SendAsync(message, deadline);
        if (reply is WireReply.Failed failed)
            return failed.Failure == SendFailure.EgressDenied
                ? new IdentityReply.NotSent(failed.Code)
                : new IdentityReply.Unavailable(failed.Code, null);
        var response = ((WireReply.Answered)reply).Response;
        var verdict = ApiResponseClassifier.Classify(client.Pack, response, time.GetUtcNow());
        return verdict.Outcome switch
        {
            UpstreamOutcome.Succeeded when probe.Identity is null => new IdentityReply.Works(),
            UpstreamOutcome.Succeeded => TokenResponseReader.Identity(probe.Identity, response.Body) is { } identity
                ? new IdentityReply.Known(identity)
                : new IdentityReply.Works(),
            UpstreamOutcome.RateLimited or UpstreamOutcome.Unavailable => new IdentityReply.Unavailable(
                verdict.Code ?? "unavailable",
                verdict.RetryAfter
            ),
            _ => new IdentityReply.Refused(verdict.Code ?? FailureCode.Status(response.Status)),
        };
    }

    /// <summary>
    /// RFC 7662: if no call shows a token's identity, the authorization server at least says whether it is active.
    /// </summary>
    private async Task<IdentityReply> IntrospectAsync(
        TokenClient client,
        GrantTokens grant,
        IntrospectionShape shape,
        DateTimeOffset deadline
    )
    {
        if (TemplateContext.Of(client).ExpandUrl(shape.Url, http.Policy, out var fault) is not { } url)
            return new IdentityReply.NotSent(FailureCode.Clean(fault) ?? "egress_denied");
        var request = new TokenRequest(client).With("token", grant.AccessToken).With("token_type_hint", "access_token");
        if (shape.Auth == CallAuthentication.Bearer)
            request.Bearer(grant.AccessToken);
        var reply = await _call.SendAsync(
            request.Build(url, "POST", BodyFormat.Form, TokenRequest.ClientAt(shape.Auth, client.Pack.Details.OAuth)),
            deadline
        );
        if (reply is WireReply.Failed failed)
            return failed.Failure == SendFailure.EgressDenied
                ? new IdentityReply.NotSent(failed.Code)
                : new IdentityReply.Unavailable(failed.Code, null);
        var response = ((WireReply.Answered)reply).Response;
        if (!response.IsSuccess)
            return new IdentityReply.Unavailable(FailureCode.Status(response.Status), null);

        // RFC 7662 2.2: "active" is the only required member; it is false for every token that is not valid, whatever
        // the reason.
        return
            response.Body is { ValueKind: JsonValueKind.Object } body
            && body.TryGetProperty("active", out var active)
            && active.ValueKind == JsonValueKind.True
            ? new IdentityReply.Works()
            : new IdentityReply.Refused("inactive");
    }
}
