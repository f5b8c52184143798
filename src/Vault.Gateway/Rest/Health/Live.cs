using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Health;

internal sealed record HealthView(string Status, IReadOnlyList<string> Faults);

/// <summary>The process answers; nothing else is asked, or a broken database would restart healthy hosts.</summary>
internal sealed class Live : IRoute
{
    public Operation Operation { get; } = new("GET", "/health/live", "live", "Whether the process answers") { Tag = "Operating", Answer = typeof(HealthView), OpenQuery = true };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) => Task.FromResult(Answer.Ok(new HealthView("live", [])));
}
