using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

internal sealed class CreateOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/organizations", "createOrganization", "Create an organization")
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Platform,
            Writes = true,
            Success = 201,
            Answer = typeof(OrganizationView),
            Errors = [ErrorCatalogue.LedgerUnavailable, ErrorCatalogue.KeysUnavailable],
            Body = [OrganizationFields.DisplayName with { Required = true }, OrganizationFields.ExternalId],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var name = call.Body.Required("display_name");
        if (!OrganizationFields.IsName(name))
            return VaultError.Invalid("display_name", "give 1 to 200 characters without control characters");
        if (call.Body.Text("external_id") is { } external && !OrganizationFields.IsName(external))
            return VaultError.Invalid("external_id", "give 1 to 200 characters without control characters");
        return Answer.From(
            await organizations.CreateAsync(name, call.Body.Text("external_id"), call.Caller.KeyId, cancellationToken),
            OrganizationView.Of,
            201
        );
    }
}
