using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Keys;
using Vault.Core.Organizations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

internal sealed class GetOrganization(IOrganizationStore store, IKeyRotationStore rotations) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/organizations/{organization_id}", "getOrganization", "Read an organization")
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsRead,
            Scope = Scope.OrganizationUnchecked,
            Answer = typeof(OrganizationView),
            Description =
                "`key_rotation` is the last rotation of its data key, if there was one. A rotation is "
                + "`in_progress`, `blocked` or `finished`; "
                + RotateOrganizationKey.Blocked,
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(call.Organization, cancellationToken) is not { } row)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        var rotation = await rotations.FindAsync(call.Organization, cancellationToken);
        return Answer.Ok(
            OrganizationView.Of(row) with
            {
                KeyRotation = rotation is null ? null : KeyRotationView.Of(rotation),
            }
        );
    }
}
