using Vault.Sandbox.Clients;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>A validated authorization request, waiting for somebody to consent.</summary>
internal sealed record AuthorizeRequest
{
    public required SandboxClient Client { get; init; }

    public required string RedirectUri { get; init; }

    public required string[] Scopes { get; init; }

    public required string Challenge { get; init; }

    public string? State { get; init; }

    public string? Nonce { get; init; }

    public string? LoginHint { get; init; }
}

/// <summary>What became of reading an authorization request.</summary>
internal abstract record AuthorizeReading
{
    private AuthorizeReading() { }

    public sealed record Valid(AuthorizeRequest Request) : AuthorizeReading;

    /// <summary>
    /// Client or redirect URI are not to be trusted: a page for the person, never a redirect (RFC 6749 section
    /// 4.1.2.1).
    /// </summary>
    public sealed record ShowPage(string Problem) : AuthorizeReading;

    /// <summary>The client may be told, at its own redirect URI.</summary>
    public sealed record TellClient(string RedirectUri, string? State, string Error, string Description)
        : AuthorizeReading;

    public static AuthorizeReading Read(StrictForm query, ClientRegistry clients)
    {
        if (!clients.TryGet(query["client_id"], out var entry))
        {
            return new ShowPage("client_id is missing or not registered with the sandbox.");
        }

        var client = entry.Current;
        if (
            query["redirect_uri"] is not { } redirectUri
            || !client.RedirectUris.Contains(redirectUri, StringComparer.Ordinal)
        )
        {
            return new ShowPage(
                "redirect_uri is missing or not, character by character, one that is registered for this client."
            );
        }

        var state = query["state"];
        TellClient Tell(string error, string description) => new(redirectUri, state, error, description);
        if (query.Repeated() is { } repeated)
        {
            // A repeated client_id or redirect_uri leaves open which one was meant.
            return repeated is "client_id" or "redirect_uri"
                ? new ShowPage($"{repeated} was sent more than once.")
                : Tell("invalid_request", $"the parameter {repeated} was sent more than once");
        }

        if (query["response_type"] is not { } responseType)
        {
            return Tell("invalid_request", "response_type is missing");
        }

        if (responseType != "code")
        {
            return Tell("unsupported_response_type", "only response_type=code is known");
        }

        if (!client.GrantTypes.Contains(SandboxScopes.AuthorizationCode))
        {
            return Tell("unauthorized_client", "the client is not registered for authorization_code");
        }

        if (query["response_mode"] is not (null or "query"))
        {
            return Tell("invalid_request", "only response_mode=query is known");
        }

        if (query["code_challenge"] is not { } challenge || query["code_challenge_method"] != "S256")
        {
            return Tell("invalid_request", "PKCE is required: send code_challenge with code_challenge_method=S256");
        }

        if (!Pkce.IsChallenge(challenge))
        {
            return Tell("invalid_request", "code_challenge is not a base64url SHA-256 of 43 characters");
        }

        var (scopes, error) = RequestedScopes.Resolve(client, query["scope"]);
        if (error is not null)
        {
            return Tell(error.Error, error.Description);
        }

        return new Valid(
            new AuthorizeRequest
            {
                Client = client,
                RedirectUri = redirectUri,
                Scopes = scopes,
                Challenge = challenge,
                State = state,
                Nonce = query["nonce"],
                LoginHint = query["login_hint"],
            }
        );
    }
}
