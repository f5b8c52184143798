namespace Vault.Core.Persistence;

/// <summary>A page of a list; <paramref name="Cursor"/> is opaque, null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Cursor);
