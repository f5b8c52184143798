using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Simulation;

/// <summary>States in a line.</summary>
internal static class Story
{
    public static string Brief(AccountState s) =>
        $"{s.Status}{(s.Reason is null ? "" : " " + s.Reason)} generation {s.Generation}{(s.Intent is { } i ? " intent of " + i.Holder : "")}{(s.Doubt is null ? "" : " in doubt")}"
        + (s.Revocation == UpstreamRevocation.None ? "" : " revocation " + s.Revocation);
}
