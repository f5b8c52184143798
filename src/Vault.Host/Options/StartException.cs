namespace Vault.Host.Options;

/// <summary>
/// The host cannot start; the message gives the reason and the fix, and is printed without a stack trace.
/// </summary>
public sealed class StartException(string message) : Exception(message);
