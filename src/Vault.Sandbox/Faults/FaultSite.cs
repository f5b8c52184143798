using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Faults;

/// <summary>What is known about a request when faults are selected.</summary>
internal readonly record struct FaultSite(
    FaultTarget Target,
    string Path,
    string? ClientId = null,
    string? GrantType = null,
    string? GrantId = null,
    AccessToken? Access = null
)
{
    public bool Matches(SandboxFault fault) =>
        (fault.Target == FaultTarget.Any || fault.Target == Target)
        && (fault.PathPrefix is null || Path.StartsWith(fault.PathPrefix, StringComparison.Ordinal))
        && (fault.ClientId is null || fault.ClientId == ClientId)
        && (fault.GrantType is null || fault.GrantType == GrantType)
        && (fault.GrantId is null || fault.GrantId == GrantId);

    public override string ToString() => $"{Target} {Path}";
}
