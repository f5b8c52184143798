namespace Vault.Core.Errors;

/// <summary>
/// A page token that this list never gave out: damaged, of another list or of another organization. The caller answers
/// it with <c>invalid_request</c> on <c>page_token</c>.
/// </summary>
public sealed class InvalidCursorException()
    : Exception("The page token is not one of this list; start again without it.");
