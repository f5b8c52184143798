using System.Collections.Immutable;
using System.Text.Json;
using Vault.Client.Cluster;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Offboarding;
using Vault.Core.Operations;
using Vault.Core.Organizations;
using Vault.Core.Sealing;

namespace Vault.Host.Tests.Serialization;

/// <summary>At least one full example of everything that travels between silos.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, 123, TimeSpan.FromHours(2));
    private static readonly OrganizationId Organization = new("org_01h00000000000000000000000");
    private static readonly AccountId Account = new("ca_01h00000000000000000000000");
    private static readonly AccountKey Key = new(
        Organization,
        new UserId("ada/löve lace"),
        new ConnectionName("sand-box"),
        "second"
    );

    private static readonly SealedBlob Blob = new(7, new byte[] { 1, 2, 3, 250 });

    private static readonly VaultError Error = new(ErrorCatalogue.AuthRevoked, "The grant is gone.")
    {
        StatusReason = "user_revoked",
        RetryAfter = TimeSpan.FromMilliseconds(1234),
        ReconnectUrl = "https://vault.example.com/connect/x",
        ExecutionId = "exe_1",
        Upstream = "invalid_grant",
        UpstreamStatus = 400,
        UpstreamContent = new UpstreamContent(
            JsonSerializer.SerializeToElement(new { message = "ungültig" }),
            true,
            [new UpstreamHeader("retry-after", "3")]
        ),
        MissingScopes = ["a", "b"],
        Candidates = [new AccountCandidate("ca_1", "sandbox", "", "ada@example.com")],
        Violations = [new Violation("/channel", "is required")],
    };

    private static readonly AccountRow Row = new(
        Account,
        Key,
        "conn_1",
        "sandbox",
        12,
        new AccountState
        {
            Status = AccountStatus.Active,
            Generation = 3,
            Grant = new GrantFacts(Noon, Noon.AddHours(1), true, null, Noon.AddDays(-9)),
            Intent = new RefreshIntent("att_1", "host/1/x", Noon, Noon.AddSeconds(30)),
            Doubt = new InDoubtAttempts(InDoubtAttempts.Several, Noon.AddSeconds(-2))
            {
                Attempts = [new("att_0", Noon.AddSeconds(-2)), new("att_2", Noon.AddSeconds(-1))],
            },
            RequestedScopes = ["read"],
            GrantedScopes = ["read", "write"],
            Identity = new ProviderIdentity("sub", "Ada", null, "tenant"),
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("instance_url", "https://x.example.com"),
        },
        Blob,
        null,
        0,
        Noon.AddMinutes(50),
        Noon,
        Noon,
        Noon
    );

    private static readonly OrganizationRow Tenant = new(
        Organization,
        "Acme",
        null,
        2,
        new OrganizationState
        {
            Status = OrganizationStatus.Erasing,
            Gate = new Gate(false, 4),
            Cascade = new Cascade("erase", "cursor", 50, Noon, "key_1"),
            UserQuotaPerMinute = 9,
        },
        Noon,
        Noon
    );

    public static IReadOnlyList<object> All { get; } =
    [
        new ExecutionOrder
        {
            ExecutionId = "exe_1",
            Account = Account,
            PackVersion = "1.2.0",
            Request = new ExecutionRequest
            {
                ToolName = "sandbox_get_profile",
                Organization = Organization,
                User = Key.User,
                Input = JsonDocument.Parse("""{"text":"Grüße \u0001","deep":[1,2.5,null,{"x":true}]}""").RootElement,
                Connection = Key.Connection,
                Timeout = TimeSpan.FromSeconds(30),
                TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            },
            CallerKey = "key_1",
            Agent = "agt_1",
            Delegation = ["ada", "agt_1"],
            Timeout = TimeSpan.FromSeconds(30),
        },
        new ExecutionResult
        {
            ExecutionId = "exe_1",
            Outcome = Outcome.Succeeded,
            Data = JsonDocument.Parse("""[{"id":1},"ü"]""").RootElement,
            Status = 200,
            NextPageToken = "next",
            Truncated = true,
            OutputHandle = "handle",
            UpstreamHeaders = [new UpstreamHeader("location", "https://x/1")],
            Warnings = [new ExecutionWarning(ExecutionWarning.NextPageNotFollowed, "elsewhere")],
            ConnectedAccountId = Account.Value,
            ScopesUsed = ["read"],
        },
        new ExecutionResult
        {
            ExecutionId = "exe_2",
            Outcome = Outcome.OutcomeUnknown,
            Error = Error,
        },
        (Result<RefreshResult>)new RefreshResult(AccountStatus.Active, 4, true, Noon),
        (Result<RefreshResult>)Error,
        (Result<RevocationReceipt>)
            new RevocationReceipt(Account, Noon, UpstreamRevocation.Refused, "no", TimeSpan.FromSeconds(1.25)),
        (Result<RevocationReceipt>)Error,
        (Result<AccountRow>)Row,
        (Result<AccountRow>)Error,
        (Result<OrganizationRow>)Tenant,
        (Result<OrganizationRow>)Error,
        (Result<uint>)7u,
        (Result<uint>)Error,
        (Result<long>)0L,
        (Result<long>)Error,
        (Result<ErasureReceipt>)new ErasureReceipt(Organization, Noon, null, 12, 2, OrganizationStatus.Erasing),
        (Result<ErasureReceipt>)Error,
        new NewGrant
        {
            Account = Account,
            ConnectionId = "conn_1",
            Provider = "sandbox",
            Generation = 4,
            Grant = Blob,
            Facts = new GrantFacts(Noon, null, true, Noon.AddDays(90), Noon),
            Credential = new SealedBlob(1, ReadOnlyMemory<byte>.Empty),
            RequestedScopes = ["read"],
            Identity = new ProviderIdentity("sub", null, "ada@example.com", null),
            InstalledBy = "key_1",
            MaskedSuffix = "…abcd",
        },
        RefreshReason.Rejected,
        new HostStatus("both", "1.2.3", 2, 3)
        {
            Sweeps = [3, 5],
            OldestSweep = Noon,
            AccountsBegun = 70,
        },
        new GatewayCall
        {
            Method = "POST",
            Path = "/v1/execute_tool?x=1",
            Authorization = "Bearer vk_live_x",
            IdempotencyKey = "order-1",
            ContentType = "application/json",
            Body = "{\"a\":1}"u8.ToArray(),
        },
        new GatewayAnswer
        {
            Status = 200,
            ContentType = "application/json",
            Body = "{}"u8.ToArray(),
        },
    ];
}
