namespace Vault.Sandbox.Clients;

/// <summary>
/// Who can sign in; subjects that are not listed get a plain profile, so that minted grants can be for anybody.
/// </summary>
internal sealed class IdentityBook(IReadOnlyList<SandboxIdentity> listed)
{
    public IReadOnlyList<SandboxIdentity> Listed { get; } = listed;

    public SandboxIdentity Of(string subject) =>
        Listed.FirstOrDefault(i => i.Subject == subject) ?? SandboxIdentity.Unlisted(subject);
}
