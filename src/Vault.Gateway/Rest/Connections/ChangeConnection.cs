using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

internal sealed class ChangeConnection(ConnectionRegistry registry, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("PATCH", "/v1/connections/{connection}", "changeConnection", "Change a connection")
        {
            Tag = "Connections",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(ConnectionView),
            Description =
                "An absent field keeps its value; null resets it to the default. A parameter that decides about an address "
                + "needs client_secret again where the connection has one; accounts_stopped tells how many accounts "
                + "are bound to other addresses. They are refused with destination_changed until they are connected "
                + "again or the address is restored.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.KeysUnavailable],
            Body = [Field.Organization, .. ConnectionFields.Settings],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (PolicyCheck.Refusal(call, ConnectionFields.Policy) is { } refused)
            return refused;
        using var secret = ConnectionFields.SecretOf(call.Body);
        var change = new ConnectionChange(
            settings => ConnectionFields.Apply(call.Body, settings),
            secret,
            call.Body.IsNull("client_secret")
        );
        return Answer.From(
            await registry.ChangeAsync(
                call.Organization,
                call.Route("connection"),
                change,
                call.Caller.KeyId,
                cancellationToken
            ),
            changed => ConnectionView.Of(changed.Row, address) with { AccountsStopped = changed.AccountsStopped }
        );
    }
}
