using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Gateway.Tests.Host;

/// <summary>
/// A provider that counts what it is sent. It answers what a test tells it, and is strict about the rest.
/// </summary>
internal sealed class FakeTokenEndpoint(TimeProvider time) : ITokenEndpoint
{
    public string? Issuer { get; set; } = "https://id.acme.example";

    /// <summary>Where providers differ, which of them a connection belongs to.</summary>
    public Func<TokenClient, string>? IssuerOf { get; set; }

    public bool IssuerRequired { get; set; } = true;

    public ConcurrentQueue<string> Codes { get; } = new();

    public ConcurrentQueue<string> Verifiers { get; } = new();

    public ConcurrentQueue<string> Revoked { get; } = new();

    public int Identified;

    /// <summary>Answers of the next exchanges; granted when empty.</summary>
    public ConcurrentQueue<TokenReply> Replies { get; } = new();

    public ImmutableArray<string>? Scopes { get; set; }

    public IdentityReply Identity { get; set; } =
        new IdentityReply.Known(new ProviderIdentity("u-1", "Alice", "alice@acme.example", null));

    /// <summary>Awaited inside an exchange.</summary>
    public Func<Task> Exchanging { get; set; } = () => Task.CompletedTask;

    public async Task<TokenReply> ExchangeCodeAsync(
        TokenClient client,
        Secret code,
        Secret codeVerifier,
        DateTimeOffset deadline
    )
    {
        Codes.Enqueue(code.RevealText());
        Verifiers.Enqueue(codeVerifier.RevealText());
        await Exchanging();
        return Replies.TryDequeue(out var reply) ? reply : Granted();
    }

    public Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    ) => Task.FromResult(Replies.TryDequeue(out var reply) ? reply : Granted());

    public Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline) =>
        Task.FromResult(Replies.TryDequeue(out var reply) ? reply : Granted());

    public Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline)
    {
        Revoked.Enqueue(grant.AccessToken.RevealText());
        return Task.FromResult(new RevocationReply(UpstreamRevocation.Confirmed, false, null));
    }

    public Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    )
    {
        Interlocked.Increment(ref Identified);
        return Task.FromResult(Identity);
    }

    public Uri AuthorizationUrl(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string codeChallenge
    ) =>
        new(
            "https://id.acme.example/authorize?client_id="
                + Uri.EscapeDataString(client.Connection.ClientId!)
                + "&redirect_uri="
                + Uri.EscapeDataString(client.RedirectUri)
                + "&state="
                + state
                + "&code_challenge="
                + codeChallenge
                + "&code_challenge_method=S256&scope="
                + Uri.EscapeDataString(string.Join(' ', scopes))
        );

    /// <summary>How a consent begins where the usual way is not meant; by the state.</summary>
    public Func<string, ConsentStart>? Starting { get; set; }

    public Task<ConsentStart> StartConsentAsync(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string verifier,
        DateTimeOffset deadline
    ) =>
        Task.FromResult(
            Starting?.Invoke(state)
                ?? new ConsentStart.Ready(
                    AuthorizationUrl(client, scopes, state, Core.OAuth.LinkSecrets.Challenge(verifier)),
                    null
                )
        );

    /// <summary>What the pack would make of a callback's other parameters.</summary>
    public Func<IReadOnlyDictionary<string, string>, CallbackReading> Callback { get; set; } =
        _ => CallbackReading.Empty;

    public CallbackReading ReadCallback(TokenClient client, IReadOnlyDictionary<string, string> query) =>
        Callback(query);

    public (string? Issuer, bool Required) ExpectedIssuer(TokenClient client) =>
        (IssuerOf?.Invoke(client) ?? Issuer, IssuerRequired);

    public TokenReply.Granted Granted(string access = "at-secret-1", string? refresh = "rt-secret-1") =>
        new(
            new TokenSet(
                new GrantTokens
                {
                    AccessToken = Secret.From(access),
                    RefreshToken = refresh is null ? null : Secret.From(refresh),
                },
                time.GetUtcNow(),
                time.GetUtcNow() + TimeSpan.FromHours(1),
                null,
                Scopes,
                ImmutableSortedDictionary<string, string>.Empty,
                null
            )
        );
}
