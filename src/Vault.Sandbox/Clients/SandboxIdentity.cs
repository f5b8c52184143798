namespace Vault.Sandbox.Clients;

/// <summary>Somebody who can sign in on the consent page.</summary>
public sealed record SandboxIdentity(string Subject, string Name, string Email)
{
    /// <summary>
    /// The profile of a subject that nobody listed, so that minted grants for any subject have a userinfo.
    /// </summary>
    internal static SandboxIdentity Unlisted(string subject) => new(subject, subject, subject + "@sandbox.example");
}
