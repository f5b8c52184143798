namespace Vault.Core.Errors;

/// <summary>One fault of an input: its place (a JSON pointer or a field name) and how to correct it.</summary>
public sealed record Violation(string Path, string Message);

/// <summary>An account that matches an ambiguous request.</summary>
public sealed record AccountCandidate(string ConnectedAccountId, string Connection, string Label, string? Identity);

/// <summary>
/// An expected failure, as a value. It holds only what an agent or a person may see: never a credential, never a stack
/// trace.
/// </summary>
public sealed record VaultError(ErrorCode Code, string Detail)
{
    /// <summary>
    /// Why an account is in its state, as a <c>StatusReason</c> (for example <c>user_revoked</c>).
    /// </summary>
    public string? StatusReason { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public string? ReconnectUrl { get; init; }

    public string? ExecutionId { get; init; }

    /// <summary>The provider's own error code, without secrets.</summary>
    public string? Upstream { get; init; }

    public int? UpstreamStatus { get; init; }

    /// <summary>The provider's response, where it sent one; redacted, cut and untrusted.</summary>
    public UpstreamContent? UpstreamContent { get; init; }

    public IReadOnlyList<string> MissingScopes { get; init; } = [];

    public IReadOnlyList<AccountCandidate> Candidates { get; init; } = [];

    public IReadOnlyList<Violation> Violations { get; init; } = [];

    public static VaultError Invalid(string field, string message) =>
        new(ErrorCatalogue.InvalidRequest, $"{field}: {message}") { Violations = [new Violation(field, message)] };
}

/// <summary>A value, or the error that explains why there is none.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, VaultError? error) => (_value, Error) = (value, error);

    public VaultError? Error { get; }

    public bool IsOk => Error is null;

    public T Value =>
        Error is null ? _value! : throw new InvalidOperationException("There is no value: " + Error.Code.Code);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(VaultError error) => new(default, error);

    public bool TryGet(
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out VaultError? error
    )
    {
        (value, error) = (_value, Error);
        return Error is null;
    }
}
