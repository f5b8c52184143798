using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Health;

internal sealed class Ready(IReadiness readiness) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/health/ready", "ready", "Whether the host can serve requests")
        {
            Tag = "Operating",
            Answer = typeof(HealthView),
            OpenQuery = true,
            Errors = [ErrorCatalogue.StoreUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var faults = await readiness.FaultsAsync(cancellationToken);
        return faults.Count == 0
            ? Answer.Ok(new HealthView("ready", []))
            : new VaultError(ErrorCatalogue.StoreUnavailable, "Not ready: " + string.Join(", ", faults) + ".")
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
    }
}
