using Vault.Attacks.Rig;

namespace Vault.Attacks.Tenants;

/// <summary>
/// One place of one operation where an id of another organization is put, and the same with an id that nobody has.
/// </summary>
/// <param name="Place">Path, query, body or header, and the name there.</param>
internal sealed record Attempt(
    Route Route,
    string Place,
    string Method,
    string Foreign,
    string Nobody,
    byte[]? ForeignBody,
    byte[]? NobodyBody,
    string? ForeignHeader = null,
    string? NobodyHeader = null
)
{
    public override string ToString() => $"{Method} {Route.Path}, {Place}";
}
