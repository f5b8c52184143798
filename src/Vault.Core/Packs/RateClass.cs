namespace Vault.Core.Packs;

/// <summary>
/// A rate limit that several tools share: calls per minute, for one account or for all accounts of a connection.
/// </summary>
/// <param name="EachTool">The limit applies to each tool separately (Slack's tiers).</param>
public sealed record RateClass(string Name, int PerMinute, bool PerConnection, bool EachTool);
