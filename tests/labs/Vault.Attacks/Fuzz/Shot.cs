using Vault.Attacks.Rig;

namespace Vault.Attacks.Fuzz;

/// <summary>One request, ready to be sent.</summary>
internal sealed record Shot(
    Route Route,
    string Who,
    string? Key,
    string Method,
    string Target,
    byte[]? Body,
    string? ContentType,
    IReadOnlyList<(string Name, string Value)> Headers
)
{
    public override string ToString() =>
        $"{Method} {(Target.Length > 300 ? Target[..300] + "…" : Target)} as {Who}{(Body is null ? "" : $" [{ContentType}] {Body.Length} bytes: {System.Text.Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(400, Body.Length)))}")}"
        + (Headers.Count == 0 ? "" : " " + string.Join("; ", Headers.Select(h => h.Name + ": " + h.Value)));
}
