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
            "Prepare another version of what a connection asks for"
        )
        {
            Tag = "Scopes",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Success = 201,
            Answer = typeof(BundleView),
            Description =
                "Nobody is asked for it until it is staged or activated. Without scopes it is the least that the tools need; risky scopes only with their bundle.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.ProviderUnknown],
            Body =
            [
                Field.Organization,
                Field.Texts("scopes", "The scopes themselves.") with
                {
                    MaxLength = 256,
                },
                Field.Texts("tools", "The tools to let run; those of the connection where absent.") with
                {
                    MaxLength = 64,
                },
                Field.Texts("risky", "Which risky scopes to take in: delete, admin, money.") with
                {
                    MaxLength = 10,
                },
                Field.Text("note", "Why, for whoever reads the list.") with
                {
                    MaxLength = 500,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var body = call.Body;
        if (body.Has("scopes") && (body.Has("tools") || body.Has("risky")))
            return VaultError.Invalid("scopes", "are given as they are; tools and risky would have no part in it");
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
