using Vault.Sandbox.Clients;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>A validated authorization request that waits for consent.</summary>
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

/// <summary>The result of reading an authorization request.</summary>
internal abstract record AuthorizeReading
{
    private AuthorizeReading() { }

    public sealed record Valid(AuthorizeRequest Request) : AuthorizeReading;

    /// <summary>
    /// Client or redirect URI are invalid: an error page, never a redirect (RFC 6749 section 4.1.2.1).
    /// </summary>
    public sealed record ShowPage(string Problem) : AuthorizeReading;

    /// <summary>An error that is sent to the client's redirect URI.</summary>
    public sealed record RedirectError(string RedirectUri, string? State, string Error, string Description)
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
        RedirectError ToClient(string error, string description) => new(redirectUri, state, error, description);
        if (query.Repeated() is { } repeated)
        {
            // With a repeated client_id or redirect_uri it is unclear which one applies.
            return repeated is "client_id" or "redirect_uri"
                ? new ShowPage($"{repeated} was sent more than once.")
                : ToClient("invalid_request", $"the parameter {repeated} was sent more than once");
        }

        if (query["response_type"] is not { } responseType)
        {
            return ToClient("invalid_request", "response_type is missing");
        }

        if (responseType != "code")
        {
            return ToClient("unsupported_response_type", "only response_type=code is supported");
        }

        if (!client.GrantTypes.Contains(SandboxScopes.AuthorizationCode))
        {
            return ToClient("unauthorized_client", "the client is not registered for authorization_code");
        }

        if (query["response_mode"] is not (null or "query"))
        {
            return ToClient("invalid_request", "only response_mode=query is supported");
        }

        if (query["code_challenge"] is not { } challenge || query["code_challenge_method"] != "S256")
        {
            return ToClient("invalid_request", "PKCE is required: send code_challenge with code_challenge_method=S256");
        }

        if (!Pkce.IsChallenge(challenge))
        {
            return ToClient("invalid_request", "code_challenge is not a base64url SHA-256 of 43 characters");
        }

        var (scopes, error) = RequestedScopes.Resolve(client, query["scope"]);
        if (error is not null)
        {
            return ToClient(error.Error, error.Description);
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
