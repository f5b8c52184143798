using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed class CreateScopeBundle(ScopeMigration migration) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connections/{connection}/scope_bundles",
            "createScopeBundle",
            "Create a new version of the scopes that a connection requests"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Success = 201,
            Answer = typeof(BundleView),
            Description =
                "No consent requests it until it is staged or activated. Without scopes it is the minimum that "
                + "the tools need; risky scopes only if risky names them.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown],
            Body =
            [
                Field.Organization,
                Field.Texts("scopes", "The exact scopes.") with
                {
                    MaxLength = 256,
                },
                Field.Texts("tools", "The tools to enable. Default: those of the connection.") with
                {
                    MaxLength = 64,
                },
                Field.Texts("risky", "Which risky scopes to include: delete, admin, money.") with
                {
                    MaxLength = 10,
                },
                Field.Text("note", "The reason, shown in the list.") with
                {
                    MaxLength = 500,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var body = call.Body;
        if (body.Has("scopes") && (body.Has("tools") || body.Has("risky")))
            return VaultError.Invalid("scopes", "are exact; do not combine them with tools or risky");
        var risks = new List<ScopeRisk>();
        foreach (var word in body.Texts("risky") ?? [])
        {
            if (!ScopeRisks.Names.TryGetValue(word, out var risk) || risk == ScopeRisk.None)
                return VaultError.Invalid("risky", $"'{word}' is not one of delete, admin, money");
            risks.Add(risk);
        }

        var draft = new BundleDraft(body.Texts("scopes"), body.Texts("tools"), [.. risks], body.Text("note"));
        return Answer.From(
            await migration.CreateAsync(
                call.Organization,
                call.Route("connection"),
                draft,
                call.Caller.KeyId,
                cancellationToken
            ),
            BundleView.Of,
            201
        );
    }
}
