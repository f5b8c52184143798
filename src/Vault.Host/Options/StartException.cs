namespace Vault.Host.Options;

/// <summary>The host cannot start; the message says why and what to do, and is printed without a stack.</summary>
public sealed class StartException(string message) : Exception(message);
