using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Tests.Accounts;

/// <summary>States and events, and every combination of them.</summary>
internal static class AccountCases
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    public static LifecyclePolicy Policy(Rotation rotation = Rotation.SingleUse, RefreshPolicy? refresh = null) =>
        new(
            refresh ?? new RefreshPolicy { Rotation = rotation, Grace = Grace },
            Lease,
            TimeSpan.FromSeconds(5),
            TimeSpan.FromSeconds(2),
            TimeSpan.FromMinutes(10)
        );

    public static LifecyclePolicy Policy(Rotation rotation, ReuseKills kills) =>
        Policy(
            refresh: new RefreshPolicy
            {
                Rotation = rotation,
                Grace = Grace,
                ReuseKills = kills,
            }
        );

    /// <summary>
    /// An active account of generation 1, consented an hour ago; <paramref name="lives"/> is the remaining lifetime of
    /// its access token.
    /// </summary>
    public static AccountState Active(TimeSpan? lives = null, bool refreshable = true) =>
        new()
        {
            Status = AccountStatus.Active,
            Generation = 1,
            Grant = new GrantFacts(
                Now.AddHours(-1),
                Now + (lives ?? TimeSpan.FromHours(1)),
                refreshable,
                null,
                Now.AddHours(-1)
            ),
            RequestedScopes = ["read"],
            GrantedScopes = ["read"],
        };

    public static AccountState Expired { get; } = Active(TimeSpan.FromMinutes(-1));

    public static RefreshIntent Held(string attempt = "mine", DateTimeOffset? since = null) =>
        new(attempt, "host-1", since ?? Now, (since ?? Now) + Lease);

    public static AccountEvent Wanted(
        RefreshReason why = RefreshReason.OnDemand,
        string attempt = "mine",
        DateTimeOffset? now = null,
        long? seen = null,
        bool dead = false,
        double jitter = 0.5,
        IReadOnlyCollection<string>? settled = null
    ) => new AccountEvent.RefreshWanted(now ?? Now, why, attempt, "host-1", seen, dead, jitter, settled);

    public static GrantFacts NewFacts(DateTimeOffset? now = null, TimeSpan? lives = null) =>
        new(now ?? Now, (now ?? Now) + (lives ?? TimeSpan.FromHours(1)), true, null, Now.AddHours(-1));

    public static AccountEvent Succeeded(string attempt = "mine", long presented = 1, DateTimeOffset? now = null) =>
        new AccountEvent.RefreshSucceeded(now ?? Now, attempt, presented, NewFacts(now), null, null);

    public static AccountEvent NotActed(string attempt = "mine", TimeSpan? retryAfter = null, double jitter = 0.5) =>
        new AccountEvent.RefreshNotActed(Now, attempt, "http_503", retryAfter, jitter);

    public static AccountEvent MayHaveActed(string attempt = "mine") =>
        new AccountEvent.RefreshMayHaveActed(Now, attempt, "timeout", 0.5);

    public static AccountEvent FoundDead(
        string attempt = "mine",
        long presented = 1,
        string reason = StatusReason.UserRevoked
    ) => new AccountEvent.RefreshFoundDead(Now, attempt, presented, reason, "invalid_grant");

    public static AccountEvent ClientRefused(string attempt = "mine") =>
        new AccountEvent.RefreshClientRefused(Now, attempt, StatusReason.ClientMisconfigured, "invalid_client", 0.5);

    public static AccountEvent Installed(long generation) =>
        new AccountEvent.GrantStored(
            Now,
            generation,
            new NewGrant
            {
                Account = new("ca_01hzzzzzzzzzzzzzzzzzzzzzzz"),
                ConnectionId = "conn_1",
                Provider = "acme",
                Generation = generation,
                Facts = NewFacts(),
                InstalledBy = "key_1",
                GrantedScopes = ["read"],
            }
        );

    /// <summary>Every event the lifecycle knows, several of some.</summary>
    public static IEnumerable<AccountEvent> Events()
    {
        yield return new AccountEvent.ConsentAsked(Now, ["read"]);
        yield return new AccountEvent.ConsentAsked(Now, ["write"]);
        yield return new AccountEvent.ConsentInterrupted(Now, "lnk_1");
        foreach (var generation in new long[] { 1, 2, 7 })
            yield return Installed(generation);
        foreach (var why in Enum.GetValues<RefreshReason>())
        foreach (var seen in new long?[] { null, 0, 1 })
        foreach (var dead in new[] { false, true })
            yield return Wanted(why, seen: seen, dead: dead);
        foreach (var attempt in new[] { "mine", "theirs" })
        {
            yield return Succeeded(attempt);
            yield return Succeeded(attempt, 0);
            yield return NotActed(attempt);
            yield return NotActed(attempt, TimeSpan.FromHours(2));
            yield return MayHaveActed(attempt);
            yield return FoundDead(attempt);
            yield return FoundDead(attempt, 0);
            yield return ClientRefused(attempt);
        }

        foreach (var generation in new long[] { 0, 1 })
            yield return new AccountEvent.GrantReportedDead(Now, generation, StatusReason.PasswordChanged);
        yield return new AccountEvent.RevokeWanted(Now, StatusReason.RevokedByRequest);
        yield return new AccountEvent.ConnectionRemoved(Now);
        foreach (var outcome in Enum.GetValues<UpstreamRevocation>())
        foreach (var retry in new[] { false, true })
            yield return new AccountEvent.UpstreamRevoked(Now, 1, outcome, retry, 0.5);
        foreach (var generation in new long[] { 0, 1 })
            yield return new AccountEvent.DoubtGivenUp(Now, generation);
        yield return Wanted(RefreshReason.PresentAgain, settled: ["host-1"]);
        yield return new AccountEvent.TimePassed(Now);
    }

    /// <summary>
    /// Every status with every kind of grant, intent, in-doubt attempts, cool-down and revocation that can occur with
    /// it, and some that should not occur.
    /// </summary>
    public static IEnumerable<AccountState> States()
    {
        GrantFacts?[] grants =
        [
            null,
            NewFacts(),
            Active().Grant,
            Expired.Grant,
            Active(refreshable: false).Grant,
            Active(TimeSpan.FromMinutes(-1), false).Grant,
            Active().Grant! with
            {
                AccessExpiresAt = null,
            },
            Active().Grant! with
            {
                RefreshExpiresAt = Now.AddDays(-1),
            },
            NewFacts(lives: TimeSpan.Zero),
        ];
        RefreshIntent?[] intents = [null, Held(), Held("theirs"), Held("theirs", Now - Lease)];
        InDoubtAttempts?[] doubts =
        [
            null,
            new InDoubtAttempts("earlier", Now.AddMinutes(-1)),
            new InDoubtAttempts("earlier", Now - Grace).With(Held("mine", Now - Lease)),
            InDoubtAttempts.Of(Held("theirs", Now - Lease), settled: true),
        ];
        foreach (var status in Enum.GetValues<AccountStatus>())
        foreach (var grant in grants)
        foreach (var intent in intents)
        foreach (var doubt in doubts)
        foreach (var cool in new DateTimeOffset?[] { null, Now.AddSeconds(-1), Now.AddMinutes(1) })
        foreach (var rejected in new[] { false, true })
        foreach (
            var revocation in status is AccountStatus.Revoked or AccountStatus.Disconnected
                ? Enum.GetValues<UpstreamRevocation>()
                : [UpstreamRevocation.None]
        )
        {
            yield return new AccountState
            {
                Status = status,
                Reason = status == AccountStatus.Active ? null : StatusReason.GrantRevoked,
                Generation = grant is null ? 0 : 1,
                Grant = grant,
                Intent = intent,
                Doubt = doubt,
                CooldownUntil = cool,
                Failures = cool is null ? 0 : 3,
                AccessRejected = rejected,
                Revocation = revocation,
                RequestedScopes = ["read"],
            };
        }
    }

    public static ImmutableArray<LifecyclePolicy> Policies { get; } =
    [
        .. Enum.GetValues<Rotation>().Select(r => Policy(r)),
        .. Enum.GetValues<ReuseKills>().Select(k => Policy(Rotation.FamilyKill, k)),
        Policy(Rotation.Grace, ReuseKills.Client),
    ];
}
