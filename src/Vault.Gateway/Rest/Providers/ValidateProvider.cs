using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <summary>Checks a pack and reports every fault; stores nothing.</summary>
internal sealed class ValidateProvider(IPackReader reader) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/providers:validate", "validateProvider", "Check a provider pack without storing it")
        {
            Tag = "Providers",
            Permission = Permission.ProvidersRead,
            Scans = true,
            RawBody = true,
            Body = [],
            Answer = typeof(PackVerdictView),
            Errors = [ErrorCatalogue.PackInvalid],
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var reading = Patterns.WithoutCache(() => reader.Read(call.RawBody, "request body"));
        return Task.FromResult<Answer>(
            reading.Pack is { } pack
                ? Answer.Ok(new PackVerdictView(true, pack.Id, pack.Version, [.. pack.Tools.Select(t => t.Name)]))
                : Refuse(reading)
        );
    }

    public static VaultError Refuse(PackReading reading) =>
        new(
            ErrorCatalogue.PackInvalid,
            $"The pack has {reading.Faults.Length} fault(s); violations lists each with its location."
        )
        {
            Violations = [.. reading.Faults.Take(100)],
        };
}
