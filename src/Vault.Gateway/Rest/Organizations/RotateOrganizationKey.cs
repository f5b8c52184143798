using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Keys;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>Creates a new data key; a background task reseals what the old one sealed.</summary>
internal sealed class RotateOrganizationKey(IOrganizations organizations, IKeyRotationStore rotations) : IRoute
{
    internal const string Blocked =
        "`blocked` means that the values in `blocked_rows` cannot be decrypted and that the older key stays in "
        + "use; it ends once each of them is replaced "
        + "(reconnect the account, set the credential or client secret again) or has expired.";

    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/organizations/{organization_id}:rotate_key",
            "rotateOrganizationKey",
            "Create a new data key; existing rows are resealed in the background"
        )
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(KeyRotationView),
            Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable, ErrorCatalogue.KeysUnavailable],
            Body = [],
            Description =
                "Returns after at most five seconds, `finished` or not. A running rotation is not started a "
                + "second time. Read the organization to see its progress. "
                + Blocked
                + " The ledger records `organization.key_rotation_begun` and, at the end, `organization.key_rotated`.",
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var begun = await organizations.RotateKeyAsync(call.Organization, call.Caller.KeyId, cancellationToken);
        if (!begun.IsOk)
            return begun.Error!;
        return await rotations.FindAsync(call.Organization, cancellationToken) is { } row
            ? Answer.Ok(KeyRotationView.Of(row))
            : new VaultError(ErrorCatalogue.Conflict, "The organization was erased in the meantime.");
    }
}
