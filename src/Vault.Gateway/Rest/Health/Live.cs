using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Health;

internal sealed record HealthView(string Status, IReadOnlyList<string> Faults);

/// <summary>
/// Liveness: the host completes a call to itself. It asks neither the database nor another host; otherwise a failure
/// there would restart healthy hosts.
/// </summary>
internal sealed class Live(ILiveness liveness) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/health/live", "live", "Whether the host processes calls")
        {
            Tag = "Operating",
            Answer = typeof(HealthView),
            OpenQuery = true,
            Errors = [ErrorCatalogue.ClusterUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        await liveness.IsAliveAsync(cancellationToken)
            ? Answer.Ok(new HealthView("live", []))
            : new VaultError(ErrorCatalogue.ClusterUnavailable, "Not live: a call inside this host did not complete.");
}
