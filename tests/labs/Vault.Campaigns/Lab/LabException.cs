namespace Vault.Campaigns.Lab;

/// <summary>
/// The lab itself does not work (a program is not built, a port is taken); says nothing about the vault.
/// </summary>
public sealed class LabException(string message) : Exception(message);
