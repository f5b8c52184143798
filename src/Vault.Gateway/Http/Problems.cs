using System.Globalization;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>An RFC 9457 problem, with members that tell an agent how to react.</summary>
internal sealed record Problem
{
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public required string Detail { get; init; }

    public required string Code { get; init; }

    public required ErrorKind Kind { get; init; }

    public required bool CanRetry { get; init; }

    public long? RetryAfterMs { get; init; }

    /// <summary>What to do, worded for an agent.</summary>
    public required string Advice { get; init; }

    public string? StatusReason { get; init; }

    public string? ReconnectUrl { get; init; }

    public IReadOnlyList<string>? MissingScopes { get; init; }

    public IReadOnlyList<Candidate>? Candidates { get; init; }

    public IReadOnlyList<Fault>? Violations { get; init; }

    public UpstreamFault? Upstream { get; init; }

    public string? ExecutionId { get; init; }

    public string? Outcome { get; init; }

    internal sealed record Candidate(
        string ConnectedAccountId,
        string Connection,
        string AccountLabel,
        string? Identity = null
    );

    internal sealed record Fault(string Path, string Message);

    internal sealed record UpstreamFault(int? Status = null, string? Error = null);
}

internal static class Problems
{
    public const string ContentType = "application/problem+json";

    public static Problem From(VaultError error, string? outcome = null) =>
        new()
        {
            Type = "urn:vault:error:" + error.Code.Code,
            Title = error.Code.Title,
            Status = error.Code.Status,
            Detail = error.Detail,
            Code = error.Code.Code,
            Kind = error.Code.Kind,
            CanRetry = error.Code.CanRetry,
            RetryAfterMs = error.RetryAfter is { } wait ? (long)Math.Ceiling(wait.TotalMilliseconds) : null,
            Advice = error.Code.Retry,
            StatusReason = error.StatusReason,
            ReconnectUrl = error.ReconnectUrl,
            ExecutionId = error.ExecutionId,
            Outcome = outcome,
            MissingScopes = error.MissingScopes.Count == 0 ? null : error.MissingScopes,
            Candidates =
                error.Candidates.Count == 0
                    ? null
                    :
                    [
                        .. error.Candidates.Select(c => new Problem.Candidate(
                            c.ConnectedAccountId,
                            c.Connection,
                            c.Label,
                            c.Identity
                        )),
                    ],
            Violations =
                error.Violations.Count == 0
                    ? null
                    : [.. error.Violations.Select(v => new Problem.Fault(v.Path, v.Message))],
            Upstream =
                error.Upstream is null && error.UpstreamStatus is null
                    ? null
                    : new Problem.UpstreamFault(error.UpstreamStatus, error.Upstream),
        };

    /// <summary>In seconds, rounded up: an earlier retry would be rejected again (RFC 9110 10.2.3).</summary>
    public static string RetryAfter(TimeSpan wait) =>
        Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public static byte[] Write(VaultError error, string? outcome = null) =>
        JsonSerializer.SerializeToUtf8Bytes(From(error, outcome), GatewayJson.Sparse);
}
