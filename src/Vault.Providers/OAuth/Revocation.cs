using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Providers.Classification;
using Vault.Providers.Egress;

namespace Vault.Providers.OAuth;

/// <summary>
/// Revokes at the provider (RFC 7009 or the provider's own API). Safe to retry: a second revocation has no further
/// effect.
/// </summary>
internal static class Revocation
{
    public static async Task<RevocationReply> SendAsync(
        OAuthCall call,
        EgressPolicy policy,
        TimeProvider time,
        TokenClient client,
        GrantTokens grant,
        DateTimeOffset deadline
    )
    {
        if (client.Pack.Details.Revocation is not { } shape)
            return new RevocationReply(UpstreamRevocation.NoEndpoint, false, null);
        var oauth = client.Pack.Details.OAuth;
        if (oauth is null)
            return new RevocationReply(UpstreamRevocation.NoEndpoint, false, null);
        var (token, hint) = shape.Token switch
        {
            TokenChoice.Access => (grant.AccessToken, "access_token"),
            TokenChoice.Refresh when grant.RefreshToken is null => ((Secret?)null, ""),
            _ => grant.RefreshToken is { } refresh ? (refresh, "refresh_token") : (grant.AccessToken, "access_token"),
        };
        if (token is null)
            return new RevocationReply(UpstreamRevocation.NoEndpoint, false, "no_refresh_token");
        var variables = TemplateContext.Of(client);
        if (variables.ExpandUrl(shape.Url, policy, out var fault) is not { } url)
            return new RevocationReply(UpstreamRevocation.Refused, false, FailureCode.Clean(fault) ?? "egress_denied");
        var request = new TokenRequest(client);
        foreach (var (name, template) in shape.Parameters)
        {
            if (template == "{token}")
                request.With(name, token);
            else if (variables.Expand(template, n => n == "token_type_hint" ? hint
                    : n == "token" ? token.RevealText()
                    : null) is { } value)
                request.With(name, value);
        }

        if (shape.Auth == CallAuthentication.Bearer)
            request.Bearer(grant.AccessToken);
        var message = request.Build(url, shape.Method, shape.Format, TokenRequest.ClientAt(shape.Auth, oauth));
        if (shape.Method is "GET" or "DELETE")
        {
            foreach (var (name, template) in client.Pack.Details.Api.Headers)
            {
                if (variables.Expand(template) is { } value)
                    message.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return Classify(client.Pack, shape, await call.SendAsync(message, deadline), time.GetUtcNow());
    }

    private static RevocationReply Classify(
        ProviderPack pack,
        RevocationShape shape,
        WireReply reply,
        DateTimeOffset now
    )
    {
        if (reply is WireReply.Failed failed)
            return new RevocationReply(
                UpstreamRevocation.Pending,
                failed.Failure != SendFailure.EgressDenied,
                failed.Code
            );
        var response = ((WireReply.Answered)reply).Response;
        if (shape.ConfirmedWhen.Any(match => match.Holds(response.Status, response.Header, response.Body)))
            return new RevocationReply(UpstreamRevocation.Confirmed, false, null);
        var inBody = pack.Details.OAuth!.Answer.ErrorWhen.Any(match => match.Holds(response.Body));
        if (response.IsSuccess && !inBody)
            return new RevocationReply(UpstreamRevocation.Confirmed, false, null);
        var code = FailureCode.First(response, [ValuePath.Parse("error")]) ?? FailureCode.Status(response.Status);
        // RFC 7009 2.2.1: 503 asks for a retry; so do the other transient statuses.
        var transient =
            response.Status is 408 or 425 or 429 or >= 500
            || TokenResponseClassifier.Classify(pack, response, now) is TokenReply.NotActed;
        return new RevocationReply(
            transient ? UpstreamRevocation.Pending : UpstreamRevocation.Refused,
            transient,
            code
        );
    }
}
