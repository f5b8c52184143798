using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Ledger;

/// <summary>Whose ledger a call means: the organization's, or the platform's when a platform key names none.</summary>
internal static class LedgerOwner
{
    public static OrganizationId Of(Call call) => call.OrganizationOrNone ?? OrganizationId.Platform;
}
