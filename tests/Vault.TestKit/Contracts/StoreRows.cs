using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Sealing;

namespace Vault.TestKit.Contracts;

/// <summary>Repeatable rows with a value in every member, so that a test detects a forgotten column.</summary>
public sealed class StoreRows
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SeededEntropy _entropy = new(7);
    private readonly IdFactory _ids;
    private int _count;

    public StoreRows() => _ids = new IdFactory(_time, _entropy);

    public DateTimeOffset Now => _time.GetUtcNow();

    public IdFactory Ids
    {
        get
        {
            // Each id is a millisecond later, so ids sort in the order of their creation.
            lock (_time)
                _time.Advance(TimeSpan.FromMilliseconds(1));
            return _ids;
        }
    }

    public OrganizationRow Organization(string? externalId = null) =>
        new(
            Ids.NewOrganization(),
            "Organization " + Interlocked.Increment(ref _count),
            externalId,
            1,
            new OrganizationState
            {
                Status = OrganizationStatus.Active,
                Gate = new Gate(true, 1),
                UserQuotaPerMinute = 60,
            },
            Now,
            Now
        );

    public AccountRow Account(
        OrganizationId organization,
        string? user = null,
        string connection = "slack",
        string label = "",
        DateTimeOffset? dueAt = null
    ) =>
        new(
            Ids.NewAccount(),
            new AccountKey(
                organization,
                new UserId(user ?? "user/" + Interlocked.Increment(ref _count)),
                new ConnectionName(connection),
                label
            ),
            "conn_of_" + connection,
            connection,
            1,
            State(),
            Blob(1),
            Blob(2),
            3,
            dueAt,
            Now,
            Now
        );

    public ConnectionRow Connection(OrganizationId organization, string name = "slack") =>
        new(
            Ids.NewConnection(),
            organization,
            new ConnectionName(name),
            "slack",
            1,
            new ConnectionSettings
            {
                ClientId = "client",
                Scopes = ["chat:write", "users:read"],
                ScopesVersion = 4,
                RedirectUri = "https://vault.example/oauth/callback",
                ReturnUrls = ["https://app.example/done"],
                Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("hostname", "example.slack.com"),
                Tools = ["slack_send_message"],
                AllowProxy = true,
                QuotaPerMinute = 10,
                AppName = "App “ü”",
            },
            Blob(1),
            2,
            Now,
            Now
        );

    public ApiKeyRow ApiKey(OrganizationId? organization) =>
        new(
            Ids.New("key_"),
            organization,
            "key " + Interlocked.Increment(ref _count),
            "hash",
            "abcd",
            ["accounts:read", "tools:execute"],
            1,
            Now,
            Now.AddDays(30),
            null,
            null
        )
        {
            MadeBy = "key_maker",
            Ancestors = ["key_first", "key_maker"],
            RotatedFrom = "key_before",
            Constraints = new KeyConstraints
            {
                Users = ["ada"],
                Tools = [],
                Addresses = ["10.0.0.0/8"],
            },
        };

    public LinkSession Link(OrganizationId organization) =>
        new(
            Ids.New("lnk_"),
            new AccountKey(organization, new UserId("ada"), new ConnectionName("slack"), "work"),
            Ids.NewAccount(),
            "conn_1",
            1,
            LinkStatus.Ready,
            "token-" + Interlocked.Increment(ref _count),
            null,
            null,
            null,
            new LinkRequest
            {
                Scopes = ["chat:write"],
                ReturnUrl = "https://app.example/done",
                CallerState = "s",
                ExpectedIdentity = "ada@example.com",
                CreatedBy = "key_1",
            },
            Now,
            Now.AddMinutes(10)
        );

    public ApprovalRow Approval(OrganizationId organization) =>
        new(
            Ids.New("apr_"),
            organization,
            Ids.NewAccount(),
            "github_delete_repo",
            "digest",
            "key_1",
            ApprovalStatus.Pending,
            null,
            1,
            Now,
            Now.AddHours(1)
        )
        {
            RequesterLineage = ["key_0", "key_1"],
            Arguments = Blob(1),
        };

    public OrganizationKeyRow Key(OrganizationId organization, uint version = 1, string master = "master-1") =>
        new(organization, version, OrganizationKeyStatus.Active, Blob(version).Bytes.ToArray(), master, Now, Now, 1);

    public LedgerDraft Draft(OrganizationId organization, string type = "account.connected") =>
        new()
        {
            EventId = Ids.NewEvent(),
            Organization = organization,
            Type = type,
            Time = Now,
            Caller = "key_1",
            User = "user-1",
        };

    public SealedBlob Blob(uint keyVersion, int length = 120)
    {
        var bytes = new byte[length];
        _entropy.Fill(bytes);
        return new SealedBlob(keyVersion, bytes);
    }

    private AccountState State() =>
        new()
        {
            Status = AccountStatus.Active,
            Generation = 5,
            Grant = new GrantFacts(Now, Now.AddHours(1), true, Now.AddDays(90), Now.AddDays(-3)),
            Intent = new RefreshIntent("attempt", "host-1", Now, Now.AddMinutes(1)),
            Doubt = new InDoubtAttempts("earlier", Now.AddMinutes(-2)),
            Failures = 1,
            CooldownUntil = Now.AddSeconds(30),
            LastFailure = "upstream_unavailable",
            LastRefreshedAt = Now.AddMinutes(-30),
            RequestedScopes = ["a", "b"],
            GrantedScopes = ["a"],
            Identity = new ProviderIdentity("U1", "Ada ☂", "ada@example.com", null),
            MaskedSuffix = "…wxyz",
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add(
                "instance_url",
                "https://example.my.salesforce.com"
            ),
        };
}
