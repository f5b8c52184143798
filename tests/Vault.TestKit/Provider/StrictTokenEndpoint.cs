using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.TestKit.Provider;

/// <summary>The scripted behaviour of the endpoint for its next call.</summary>
public enum Act
{
    /// <summary>Responds by the provider's rules.</summary>
    Answer,

    /// <summary>Acts, and the response is lost.</summary>
    DropReply,

    /// <summary>Responds with 429, and with Retry-After if one is scripted; does not act.</summary>
    TooMany,

    /// <summary>Responds with 503; does not act.</summary>
    Unavailable,

    /// <summary>Responds with 500 and does not act; the caller cannot know this.</summary>
    Broken,

    /// <summary>Acts and responds with 500.</summary>
    BrokenAfterActing,

    /// <summary>Responds with <c>invalid_grant</c> although the grant lives: a fault of the provider.</summary>
    RefuseGrant,

    /// <summary>Responds with <c>invalid_client</c>.</summary>
    RefuseClient,
}

/// <summary>
/// A token endpoint on a <see cref="StrictProvider"/>. Its calls are scripted and counted, and can be held at a
/// barrier. It ends every call at its deadline, as the port requires, and does not send a call after its deadline.
/// </summary>
public sealed class StrictTokenEndpoint(StrictProvider provider, TimeProvider time) : ITokenEndpoint
{
    private readonly Lock _lock = new();
    private readonly Queue<Act> _script = new();
    private readonly Queue<(TaskCompletionSource Reached, TaskCompletionSource Go)> _barriers = new();
    private readonly List<string> _revoked = [];
    private int _calls;

    public TimeSpan AccessLife { get; set; } = TimeSpan.FromHours(1);

    public TimeSpan? RetryAfter { get; set; }

    /// <summary>What every call does that no act is scripted for.</summary>
    public Act Otherwise { get; set; } = Act.Answer;

    /// <summary>The captured parameters of every token response.</summary>
    public Dictionary<string, string> Captured { get; set; } = [];

    /// <summary>The reason of a refusal, one of <see cref="StatusReason"/>.</summary>
    public string DeadReason { get; set; } = StatusReason.UserRevoked;

    public UpstreamRevocation RevocationOutcome { get; set; } = UpstreamRevocation.Confirmed;

    public bool RevocationRetry { get; set; }

    /// <summary>The number of refreshes and mints that reached the endpoint.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public IReadOnlyList<string> Revoked
    {
        get
        {
            lock (_lock)
                return [.. _revoked];
        }
    }

    public void Next(params Act[] acts)
    {
        lock (_lock)
        {
            foreach (var act in acts)
                _script.Enqueue(act);
        }
    }

    /// <summary>
    /// Holds the next call before it acts. The first task completes when the call is held; completing the second
    /// releases it.
    /// </summary>
    public (Task Reached, TaskCompletionSource Go) Hold()
    {
        var barrier = (
            Reached: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            Go: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
        );
        lock (_lock)
            _barriers.Enqueue(barrier);
        return (barrier.Reached.Task, barrier.Go);
    }

    public Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline) =>
        CallAsync(deadline, () => provider.Present(refreshToken.RevealText(), time.GetUtcNow()));

    public Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    ) => CallAsync(deadline, provider.Consent, keepsRefreshToken: false);

    public Task<TokenReply> ExchangeCodeAsync(
        TokenClient client,
        Secret code,
        Secret codeVerifier,
        DateTimeOffset deadline
    ) => CallAsync(deadline, provider.Consent);

    public Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline)
    {
        lock (_lock)
        {
            var token = grant.RefreshToken?.RevealText() ?? grant.AccessToken.RevealText();
            _revoked.Add(token);
            if (RevocationOutcome == UpstreamRevocation.Confirmed)
                provider.Revoke(token);
            return Task.FromResult(
                new RevocationReply(RevocationOutcome, RevocationRetry, RevocationRetry ? "http_503" : null)
            );
        }
    }

    public Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    ) => Task.FromResult<IdentityReply>(new IdentityReply.NoCall());

    public Uri AuthorizationUrl(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string codeChallenge
    ) => new("https://acme.example/authorize");

    public (string? Issuer, bool Required) ExpectedIssuer(TokenClient client) => (null, false);

    private async Task<TokenReply> CallAsync(DateTimeOffset deadline, Func<Issued> act, bool keepsRefreshToken = true)
    {
        (TaskCompletionSource Reached, TaskCompletionSource Go)? barrier = null;
        lock (_lock)
        {
            if (_barriers.TryDequeue(out var held))
                barrier = held;
        }

        if (barrier is { } b)
        {
            b.Reached.SetResult();
            await b.Go.Task.ConfigureAwait(false);
        }

        lock (_lock)
        {
            if (time.GetUtcNow() >= deadline)
                return new TokenReply.NotActed("deadline", null);
            _calls++;
            switch (_script.TryDequeue(out var how) ? how : Otherwise)
            {
                case Act.TooMany:
                    return new TokenReply.NotActed("http_429", RetryAfter);
                case Act.Unavailable:
                    return new TokenReply.NotActed("http_503", RetryAfter);
                case Act.Broken:
                    return new TokenReply.MayHaveActed("http_500");
                case Act.RefuseGrant:
                    return new TokenReply.GrantDead(DeadReason, "invalid_grant");
                case Act.RefuseClient:
                    return new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, "invalid_client");
                case Act.DropReply:
                    act();
                    return new TokenReply.MayHaveActed("timeout");
                case Act.BrokenAfterActing:
                    act();
                    return new TokenReply.MayHaveActed("http_500");
                default:
                    return Reply(act(), time.GetUtcNow(), AccessLife, keepsRefreshToken, DeadReason, Captured);
            }
        }
    }

    internal static TokenReply Reply(
        Issued issued,
        DateTimeOffset now,
        TimeSpan life,
        bool keepsRefreshToken,
        string deadReason,
        IReadOnlyDictionary<string, string>? captured = null
    ) =>
        issued.Result == Presented.Refused
            ? new TokenReply.GrantDead(deadReason, "invalid_grant")
            : new TokenReply.Granted(
                new TokenSet(
                    new GrantTokens
                    {
                        AccessToken = Secret.From(issued.AccessToken!),
                        RefreshToken =
                            keepsRefreshToken && issued.RefreshToken is { } refresh ? Secret.From(refresh) : null,
                    },
                    now,
                    now + life,
                    null,
                    null,
                    (captured ?? ImmutableSortedDictionary<string, string>.Empty).ToImmutableSortedDictionary(),
                    null
                )
            );
}
