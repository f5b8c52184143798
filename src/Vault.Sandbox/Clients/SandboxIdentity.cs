namespace Vault.Sandbox.Clients;

/// <summary>A person who can sign in on the consent page.</summary>
public sealed record SandboxIdentity(string Subject, string Name, string Email)
{
    /// <summary>
    /// The profile of a subject that is not configured, so that minted grants for any subject have a userinfo.
    /// </summary>
    internal static SandboxIdentity Unlisted(string subject) => new(subject, subject, subject + "@sandbox.example");
}
