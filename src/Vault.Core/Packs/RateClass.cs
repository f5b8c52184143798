namespace Vault.Core.Packs;

/// <summary>
/// Tools that a provider counts together: so many calls a minute, of one account or of all accounts of a connection.
/// </summary>
/// <param name="EachTool">Each tool is counted by itself (Slack's tiers).</param>
public sealed record RateClass(string Name, int PerMinute, bool PerConnection, bool EachTool);
