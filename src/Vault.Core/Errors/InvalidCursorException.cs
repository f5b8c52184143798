namespace Vault.Core.Errors;

/// <summary>
/// A page token that this list did not issue: damaged, of another list or of another organization. The caller returns
/// <c>invalid_request</c> on <c>page_token</c>.
/// </summary>
public sealed class InvalidCursorException()
    : Exception("The page token is not one of this list; start again without it.");
