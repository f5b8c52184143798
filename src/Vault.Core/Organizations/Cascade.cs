namespace Vault.Core.Organizations;

/// <summary>A job over all accounts of an organization. After a crash it resumes from its cursor.</summary>
/// <param name="Kind"><c>erase</c> or <c>disconnect:{connectionId}</c>.</param>
/// <param name="Cursor">The last account id that was processed; null at the start.</param>
public sealed record Cascade(string Kind, string? Cursor, long Done, DateTimeOffset StartedAt, string RequestedBy);
