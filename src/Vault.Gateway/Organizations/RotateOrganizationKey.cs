using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Organizations;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Organizations;

/// <summary>Make a new data key; what is sealed is sealed again in the background</summary>
internal sealed class RotateOrganizationKey(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } = new("POST", "/v1/organizations/{organization_id}:rotate_key", "rotateOrganizationKey", "Make a new data key; what is sealed is sealed again in the background")
    {
        Tag = "Organizations", Permission = Permission.OrganizationsWrite, Scope = Scope.Organization, Writes = true, Answer = typeof(KeyVersionView),
        Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable, ErrorCatalogue.KeysUnavailable],
        Body = [],
    };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await organizations.RotateKeyAsync(call.Organization, call.Caller.KeyId, cancellationToken), version => new KeyVersionView(call.Organization.Value, version));
}
