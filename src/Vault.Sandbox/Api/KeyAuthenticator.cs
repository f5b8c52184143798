using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Api;

/// <summary>An API key in the header X-Api-Key or in the query parameter api_key, never in both.</summary>
internal sealed class KeyAuthenticator(SandboxCredentials credentials) : ApiAuthenticator
{
    public const string Header = "X-Api-Key";
    public const string Parameter = "api_key";

    public override string Prefix => "/key-api";

    public override (string? Subject, string? ClientId, AccessToken? Token) Identify(HttpRequest request) =>
        (Find(request)?.Subject, null, null);

    public override (ApiCaller? Caller, ApiRefusal? Refusal, Count Counts) Open(HttpRequest request)
    {
        if (request.Headers[Header].Count + request.Query[Parameter].Count > 1)
        {
            return (
                null,
                ApiRefusal.BadRequest("send one key, in the header X-Api-Key or in the query parameter api_key"),
                Count.ApiCallsUnknownToken
            );
        }

        return Find(request) is { } key
            ? (new ApiCaller(key.Subject, key.Scopes, ClientId: null, "api_key"), null, default)
            : (
                null,
                new ApiRefusal(401, "invalid_api_key", "the API key is missing or unknown"),
                Count.ApiCallsUnknownToken
            );
    }

    private SandboxApiKey? Find(HttpRequest request)
    {
        var given = request.Headers[Header].Count > 0 ? request.Headers[Header] : request.Query[Parameter];
        return given.Count == 1 ? credentials.FindKey(given[0] ?? "") : null;
    }
}
