using System.Text;
using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Providers;

namespace Vault.Gateway.Rest.Tools;

/// <summary>
/// Previews an import. A second call with the returned digest stores exactly the reviewed tools; repeating that call
/// stores the same.
/// </summary>
internal sealed class ImportTools(
    IToolImport import,
    IPackStore store,
    IPacks packs,
    PlatformLedger ledger,
    TimeProvider time
) : IRoute, IDisposable
{
    // A document may be tens of megabytes and is in memory while it is read: two at once are enough for
    // administrators.
    private readonly SemaphoreSlim _slots = new(2, 2);

    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/tools:import",
            "importTools",
            "Create tools from an API description: previews them, and stores them after a review"
        )
        {
            Tag = "Tools",
            Permission = Permission.ProvidersWrite,
            Scans = true,
            Scope = Scope.Platform,
            RawBody = true,
            MaxBody = ImportRequest.MaxDocument,
            Body = [],
            Answer = typeof(ImportView),
            Description =
                "The body is an OpenAPI 3 or Swagger 2 document (JSON or YAML), a Google Discovery document, or "
                + "{\"schema\": …, \"operations\": …} for GraphQL. Nothing is stored without review. "
                + "Imported tools belong to the platform, like packs. The responding host has loaded them; the "
                + "others load them within seconds.",
            Query =
            [
                Field.Text(
                    "provider",
                    "An existing provider, or the id of a new one; its pack is then created from the document."
                ) with
                {
                    Required = true,
                    MaxLength = 40,
                },
                Field.Text(
                    "set",
                    "The set's name within the provider; importing under the same name replaces it. Default: "
                        + "'imported'."
                ) with
                {
                    MaxLength = 40,
                },
                Field.Texts("tags", "Only operations with one of these tags, comma-separated."),
                Field.Texts("paths", "Only paths that begin with one of these, comma-separated."),
                Field.Flag("deprecated", "Also include deprecated operations."),
                Field.Text("review", "The digest of a preview: store exactly what it showed.") with
                {
                    MaxLength = 64,
                },
            ],
            Errors =
            [
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.PackInvalid,
                ErrorCatalogue.Conflict,
                ErrorCatalogue.LedgerUnavailable,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!await _slots.WaitAsync(0, cancellationToken))
            return new VaultError(ErrorCatalogue.RateLimited, "Two documents are being read already.")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
        try
        {
            var request = new ImportRequest
            {
                Provider = call.Query.Required("provider"),
                Set = call.Query.Text("set") ?? "imported",
                Tags = call.Query.Texts("tags") ?? [],
                Paths = call.Query.Texts("paths") ?? [],
                Deprecated = call.Query.Flag("deprecated") ?? false,
            };
            var stored = await store.ListAsync(cancellationToken);
            var before = stored.FirstOrDefault(p => p.ProviderId == $"{request.Provider}+{request.Set}");
            if (!import.Plan(request, call.RawBody, before?.Json).TryGet(out var plan, out var wrong))
                return wrong;
            if (call.Query.Text("review") is not { } digest)
                return Answer.Ok(ImportView.Of(plan, applied: false));
            if (digest != plan.Digest)
                return new VaultError(
                    ErrorCatalogue.Conflict,
                    "The result differs from what was reviewed: the document, the options or the provider have "
                        + "changed. Preview it again without review."
                );
            var entry = new
            {
                tool_set = plan.SetId,
                digest = plan.Digest,
                new_provider = plan.NewPack is null ? null : request.Provider,
            };
            if (
                await ledger.RecordAsync(LedgerEvents.ToolSetStored, call.Caller.KeyId, entry, cancellationToken) is
                { } unrecorded
            )
                return unrecorded;
            if (await KeepAsync(plan, request.Provider, before, stored, cancellationToken) is { } changed)
                return changed;
            await packs.ReloadAsync(cancellationToken);
            return Answer.Ok(ImportView.Of(plan, applied: true));
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    // The pack is stored first: hosts ignore a set without its pack, while a pack without its set is only a provider
    // without tools, and the next attempt completes it.
    private async Task<Answer?> KeepAsync(
        ImportPlan plan,
        string provider,
        StoredPack? before,
        IReadOnlyList<StoredPack> stored,
        CancellationToken cancellationToken
    )
    {
        if (plan.NewPack is { } pack && stored.All(p => p.ProviderId != provider))
        {
            var first = new StoredPack(provider, "1.0.0", Encoding.UTF8.GetString(pack), 1, time.GetUtcNow());
            if (await store.PutAsync(first, null, cancellationToken) != WriteOutcome.Written)
                return Changed();
        }

        var set = new StoredPack(
            plan.SetId,
            plan.Digest[..12],
            Encoding.UTF8.GetString(plan.Set),
            (before?.Version ?? 0) + 1,
            time.GetUtcNow()
        );
        if (before?.Json == set.Json)
            return null;
        return await store.PutAsync(set, before?.Version, cancellationToken) == WriteOutcome.Written ? null : Changed();

        static Answer Changed() =>
            new VaultError(
                ErrorCatalogue.Conflict,
                "The tools were changed at the same time; preview the import again without review."
            );
    }
}
