namespace Vault.Sandbox.Clients;

/// <summary>
/// The identities that can sign in. Other subjects get a plain profile, so that grants can be minted for any subject.
/// </summary>
internal sealed class IdentityBook(IReadOnlyList<SandboxIdentity> listed)
{
    public IReadOnlyList<SandboxIdentity> Listed { get; } = listed;

    public SandboxIdentity Of(string subject) =>
        Listed.FirstOrDefault(i => i.Subject == subject) ?? SandboxIdentity.Unlisted(subject);
}
