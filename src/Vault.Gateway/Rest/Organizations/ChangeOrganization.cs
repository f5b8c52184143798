using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

internal sealed class ChangeOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new("PATCH", "/v1/organizations/{organization_id}", "changeOrganization", "Change an organization")
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Description =
                "destructive_policy and user_quota_per_minute need the permission policy:write, which admin implies for "
                + "a platform key only.",
            Answer = typeof(OrganizationView),
            Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable],
            Body = [OrganizationFields.DisplayName, OrganizationFields.DestructivePolicy, OrganizationFields.UserQuota],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var body = call.Body;
        if (body.Text("display_name") is { } name && !OrganizationFields.IsName(name))
            return VaultError.Invalid("display_name", "give 1 to 200 characters without control characters");
        if (PolicyCheck.Refusal(call, "destructive_policy", "user_quota_per_minute") is { } refused)
            return refused;
        var changed = await organizations.ChangeAsync(call.Organization, Change, call.Caller.KeyId, cancellationToken);
        return Answer.From(changed, OrganizationView.Of);

        Result<OrganizationRow> Change(OrganizationRow row) =>
            row with
            {
                DisplayName = body.Text("display_name") ?? row.DisplayName,
                State = row.State with
                {
                    DestructivePolicy = body.Text("destructive_policy") ?? row.State.DestructivePolicy,
                    UserQuotaPerMinute = (int)(body.Number("user_quota_per_minute") ?? row.State.UserQuotaPerMinute),
                },
            };
    }
}
