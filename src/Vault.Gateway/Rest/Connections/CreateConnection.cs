using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

internal sealed class CreateConnection(ConnectionRegistry registry, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/connections", "createConnection", "Configure a provider for an organization")
        {
            Tag = "Connections",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Success = 201,
            Answer = typeof(ConnectionView),
            Errors =
            [
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.KeysUnavailable,
            ],
            Body =
            [
                Field.Organization,
                Field.Text("provider", "The provider's id (GET /v1/providers).") with
                {
                    Required = true,
                    MaxLength = 64,
                },
                Field.Text("name", "Unique in the organization. Default: the provider's id.") with
                {
                    MaxLength = 64,
                },
                .. ConnectionFields.Settings,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (PolicyCheck.Refusal(call, ConnectionFields.Policy) is { } refused)
            return refused;
        using var secret = ConnectionFields.SecretOf(call.Body);
        var draft = new ConnectionDraft(
            call.Organization,
            call.Body.Text("name"),
            call.Body.Required("provider"),
            ConnectionFields.Apply(call.Body, new ConnectionSettings()),
            secret
        );
        return Answer.From(
            await registry.CreateAsync(draft, call.Caller.KeyId, cancellationToken),
            row => ConnectionView.Of(row, address),
            201
        );
    }
}
