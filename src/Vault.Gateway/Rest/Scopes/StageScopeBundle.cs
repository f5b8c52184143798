using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class StageScopeBundle(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connections/{connection}/scope_bundles/{version}:stage",
            "stageScopeBundle",
            "Request a version from a share of the users"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(BundleView),
            Description =
                "One version is staged at a time. A larger share includes the users of a smaller one; 0 ends the "
                + "staging. Connected accounts do not change.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown, ErrorCatalogue.NotFound],
            Body =
            [
                Field.Organization,
                Field.Number("percent", "The share of the users, 0 to 100.", 0, 100) with
                {
                    Required = true,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await migration.StageAsync(
                call.Organization,
                call.Route("connection"),
                BundleVersion.Of(call),
                (int)call.Body.Number("percent")!.Value,
                call.Caller.KeyId,
                cancellationToken
            ),
            BundleView.Of
        );
}
