namespace Vault.Core.Sealing;

/// <summary>Ciphertext and the key version its row names. The key is chosen from the row's organization and this version, never from the bytes (law 11).</summary>
public sealed record SealedBlob(uint KeyVersion, ReadOnlyMemory<byte> Bytes);
