using System.Text.Json;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Consent;

/// <summary>What a consent leaves in the ledger.</summary>
internal static class LinkEntries
{
    public const string ConnectFailed = "account.connect_failed";

    public static LedgerDraft For(LinkSession link, string type, IdFactory ids, DateTimeOffset now) =>
        new()
        {
            EventId = ids.NewEvent(),
            Organization = link.Key.Organization,
            Type = type,
            Time = now,
            // A person without a key acts on the pages; the link says who invited them.
            Caller = link.Request.CreatedBy ?? "system",
            User = link.Key.User.Value,
            Account = link.Account.Value,
            Connection = link.Key.Connection.Value,
            ErrorCode = link.Request.Failure,
            Details = JsonSerializer.SerializeToElement(
                new Dictionary<string, object?>
                {
                    ["link_id"] = link.Id,
                    ["scopes"] = link.Request.Scopes.ToArray(),
                    ["expected_identity"] = link.Request.ExpectedIdentity is not null,
                    ["agent_name"] = link.Request.AgentName,
                }
            ),
        };
}
