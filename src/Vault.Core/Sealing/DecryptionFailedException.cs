namespace Vault.Core.Sealing;

/// <summary>
/// A ciphertext does not open: altered, moved, of another organization, generation or key, or wrapped under another
/// master key. One message for every cause and no inner exception: which check failed would guide a forger, and the
/// cause is never something a caller can heal.
/// </summary>
public sealed class DecryptionFailedException()
    : Exception("A sealed value does not open in the place where it was found.");
