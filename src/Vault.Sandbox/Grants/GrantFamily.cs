using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Grants;

/// <summary>
/// A grant with all tokens of one consent or mint. All changes of a family run under its lock, including the indexing
/// of new tokens. So of any number of concurrent refreshes with one token exactly one finds it unused, and the others
/// see the complete result of that one.
/// </summary>
internal sealed class GrantFamily
{
    /// <summary>
    /// Older access tokens are forgotten; the API then reports them as unknown instead of expired, both with 401
    /// invalid_token.
    /// </summary>
    private const int RememberedAccessTokens = 64;

    private readonly Lock _sync = new();
    private readonly TokenIndex _index;
    private readonly ClientEntry _client;
    private readonly TokenPolicy? _ownPolicy;
    private readonly Queue<AccessToken> _access = new();
    private RefreshToken? _current;
    private RefreshToken? _previous;
    private DateTimeOffset _lastUse;
    private volatile bool _dead;
    private string? _deathReason;
    private int _refreshes;
    private int _attempts;
    private int _replays;
    private int _inFlight;
    private int _maxInFlight;

    public GrantFamily(
        TokenIndex index,
        ClientEntry client,
        string subject,
        string[] scopes,
        TokenPolicy? ownPolicy,
        DateTimeOffset now
    )
    {
        _index = index;
        _client = client;
        _ownPolicy = ownPolicy;
        _lastUse = now;
        Id = index.NextFamilyId();
        Subject = subject;
        Scopes = scopes;
        ScopeText = string.Join(' ', scopes);
        CreatedAt = now;
        index.Add(this);
    }

    public string Id { get; }

    public string ClientId => _client.Current.ClientId;

    public string Subject { get; }

    public string[] Scopes { get; }

    public string ScopeText { get; }

    public DateTimeOffset CreatedAt { get; }

    public bool IsDead => _dead;

    public TokenPolicy Policy => _ownPolicy ?? _client.Current.Policy;

    /// <summary>
    /// Issues the first access token and, if requested and allowed by the policy, the first refresh token.
    /// </summary>
    public (AccessToken Access, string? Refresh) Open(
        bool withRefresh,
        TimeSpan? firstAccessLifetime,
        DateTimeOffset now
    )
    {
        lock (_sync)
        {
            var policy = Policy;
            if (withRefresh && policy.IssueRefreshToken)
            {
                _current = NewRefresh();
            }

            return (
                NewAccess(Scopes, firstAccessLifetime ?? TimeSpan.FromSeconds(policy.AccessTokenSeconds), now),
                _current?.Value
            );
        }
    }

    public RefreshResult Refresh(RefreshToken presented, string[]? scopes, DateTimeOffset now)
    {
        lock (_sync)
        {
            _attempts++;
            var policy = Policy;
            var replayed = !ReferenceEquals(presented, _current);
            if (replayed)
            {
                _replays++;
            }

            if (_dead)
            {
                return new RefreshResult.Refused("invalid_grant", _deathReason!, replayed, KilledFamily: false);
            }

            if (Overdue(policy, now) is { } overdue)
            {
                Die(overdue);
                return new RefreshResult.Refused("invalid_grant", overdue, replayed, KilledFamily: true);
            }

            if (replayed && !InGrace(presented, policy, now))
            {
                var kills = policy.Rotation == RotationBehaviour.Family;
                if (kills)
                {
                    Die("a refresh token was used twice; the whole grant was revoked");
                }

                return new RefreshResult.Refused(
                    "invalid_grant",
                    kills ? _deathReason! : "the refresh token was already used",
                    replayed,
                    kills
                );
            }

            if (scopes is not null && scopes.Except(Scopes, StringComparer.Ordinal).Any())
            {
                return new RefreshResult.Refused(
                    "invalid_scope",
                    "a refresh cannot widen the granted scope",
                    replayed,
                    KilledFamily: false
                );
            }

            return Issue(presented, scopes ?? Scopes, policy, replayed, now);
        }
    }

    public void Kill(string reason)
    {
        lock (_sync)
        {
            Die(reason);
        }
    }

    /// <summary>Expires every access token of the family now; the refresh token is not affected.</summary>
    public void ExpireAccess(DateTimeOffset now)
    {
        lock (_sync)
        {
            foreach (var token in _access)
            {
                if (token.ExpiresAt > now)
                {
                    token.ExpireAt(now);
                }
            }
        }
    }

    /// <summary>Whether this refresh token would be accepted now.</summary>
    public bool IsRefreshLive(RefreshToken token, DateTimeOffset now)
    {
        lock (_sync)
        {
            var policy = Policy;
            return !_dead
                && Overdue(policy, now) is null
                && (ReferenceEquals(token, _current) || InGrace(token, policy, now));
        }
    }

    /// <summary>
    /// Counts a token-endpoint call for this grant from its arrival until its response is written or dropped, or the
    /// call is released.
    /// </summary>
    public int EnterTokenCall()
    {
        lock (_sync)
        {
            _maxInFlight = Math.Max(_maxInFlight, ++_inFlight);
            return _inFlight;
        }
    }

    public void LeaveTokenCall()
    {
        lock (_sync)
        {
            _inFlight--;
        }
    }

    public GrantSnapshot Snapshot(DateTimeOffset now)
    {
        lock (_sync)
        {
            return new GrantSnapshot
            {
                GrantId = Id,
                ClientId = ClientId,
                Subject = Subject,
                Scopes = Scopes,
                Alive = !_dead && Overdue(Policy, now) is null,
                DeathReason = _deathReason,
                Refreshes = _refreshes,
                RefreshAttempts = _attempts,
                RefreshReplays = _replays,
                MaxConcurrentTokenCalls = _maxInFlight,
                LiveAccessTokens = _access.Count(t => t.StateAt(now) == AccessState.Live),
            };
        }
    }

    public void ResetCounts()
    {
        lock (_sync)
        {
            (_refreshes, _attempts, _replays, _maxInFlight) = (0, 0, 0, _inFlight);
        }
    }

    private RefreshResult.Issued Issue(
        RefreshToken presented,
        string[] scopes,
        TokenPolicy policy,
        bool replayed,
        DateTimeOffset now
    )
    {
        if (policy.RefreshKillsAccessToken)
        {
            foreach (var token in _access)
            {
                token.Revoke();
            }
        }

        string? answer;
        if (policy.Rotation == RotationBehaviour.Never)
        {
            answer = policy.RepeatRefreshToken ? presented.Value : null;
        }
        else if (replayed)
        {
            answer = _current!.Value;
        }
        else
        {
            presented.UsedAt = now;
            _previous = presented;
            _current = NewRefresh();
            answer = _current.Value;
        }

        _refreshes++;
        _lastUse = now;
        return new RefreshResult.Issued(
            NewAccess(scopes, TimeSpan.FromSeconds(policy.AccessTokenSeconds), now),
            answer,
            replayed
        );
    }

    /// <summary>
    /// Only the immediate predecessor has a grace: when its successor was used, the client has proved that it has the
    /// successor.
    /// </summary>
    private bool InGrace(RefreshToken token, TokenPolicy policy, DateTimeOffset now) =>
        policy.Rotation == RotationBehaviour.Grace
        && ReferenceEquals(token, _previous)
        && token.UsedAt is { } used
        && now - used < TimeSpan.FromSeconds(policy.GraceSeconds);

    private string? Overdue(TokenPolicy policy, DateTimeOffset now)
    {
        if (policy.RefreshIdleSeconds is { } idle && now - _lastUse >= TimeSpan.FromSeconds(idle))
        {
            return "the refresh token expired because it was not used for too long";
        }

        return policy.RefreshAbsoluteSeconds is { } absolute && now - CreatedAt >= TimeSpan.FromSeconds(absolute)
            ? "the refresh token reached the end of its lifetime"
            : null;
    }

    private void Die(string reason)
    {
        if (!_dead)
        {
            _deathReason = reason;
            _dead = true;
        }
    }

    private RefreshToken NewRefresh()
    {
        var token = new RefreshToken(TokenText.NewRefresh(), this);
        _index.Add(token);
        return token;
    }

    private AccessToken NewAccess(string[] scopes, TimeSpan lifetime, DateTimeOffset now)
    {
        var token = new AccessToken(TokenText.NewAccess(), this, scopes, now, now + lifetime);
        _access.Enqueue(token);
        _index.Add(token);
        if (_access.Count > RememberedAccessTokens)
        {
            _index.Forget(_access.Dequeue());
        }

        return token;
    }
}
