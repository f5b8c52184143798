namespace Vault.Core.Organizations;

/// <summary>A job over all accounts of an organization that resumes after a crash from its cursor.</summary>
/// <param name="Kind"><c>erase</c> or <c>disconnect:{connectionId}</c>.</param>
/// <param name="Cursor">The last account id that is done; null at the start.</param>
public sealed record Cascade(string Kind, string? Cursor, long Done, DateTimeOffset StartedAt, string RequestedBy);
