namespace Vault.Core.Sealing;

/// <summary>
/// A ciphertext cannot be decrypted: it was altered or moved, belongs to another organization, generation or key, or is
/// wrapped under another master key. All causes have one message and no inner exception: the failed check would help a
/// forger, and no caller can repair the cause.
/// </summary>
public sealed class DecryptionFailedException()
    : Exception("A sealed value does not open in the place where it was found.");
