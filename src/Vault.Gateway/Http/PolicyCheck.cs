using Vault.Core.Callers;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>
/// Fields that set what bounds an organization need a permission of their own: the right to edit the other fields is
/// one
/// that the organization's own keys have.
/// </summary>
internal static class PolicyCheck
{
    public static VaultError? Refusal(Call call, params string[] fields) =>
        !call.Caller.May(Permission.PolicyWrite)
        && fields.FirstOrDefault(f => call.Body.Has(f) || call.Body.IsNull(f)) is { } field
            ? new VaultError(
                ErrorCatalogue.PermissionDenied,
                $"{field}: the key needs the permission {Permission.PolicyWrite}; leave the field out."
            )
            : null;
}
