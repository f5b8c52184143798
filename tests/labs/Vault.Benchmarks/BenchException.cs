namespace Vault.Benchmarks;

/// <summary>The bench cannot go on; the message says why and what to do.</summary>
public sealed class BenchException(string message) : Exception(message);
