using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
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

    /// <summary>
    /// What the provider said. It is content of a third party (<c>trust</c>), never an instruction.
    /// </summary>
    internal sealed record UpstreamFault(
        int? Status = null,
        string? Error = null,
        JsonElement? Body = null,
        bool? Truncated = null,
        IReadOnlyDictionary<string, string>? Headers = null,
        string? Trust = null
    );
}

internal static partial class Problems
{
    public const string ContentType = "application/problem+json";

    /// <param name="error">The error.</param>
    /// <param name="outcome">The outcome of an execution.</param>
    /// <param name="publicBase">References to routes (<c>GET /v1/tools</c>) are given as URLs below it.</param>
    public static Problem From(VaultError error, string? outcome = null, Uri? publicBase = null) =>
        new()
        {
            Type = "urn:vault:error:" + error.Code.Code,
            Title = error.Code.Title,
            Status = error.Code.Status,
            Detail = Absolute(error.Detail, publicBase),
            Code = error.Code.Code,
            Kind = error.Code.Kind,
            CanRetry = error.Code.CanRetry,
            RetryAfterMs = error.RetryAfter is { } wait ? (long)Math.Ceiling(wait.TotalMilliseconds) : null,
            Advice = Absolute(error.Code.Retry, publicBase),
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
                    : [.. error.Violations.Select(v => new Problem.Fault(v.Path, Absolute(v.Message, publicBase)))],
            Upstream = error.Upstream is null && error.UpstreamStatus is null ? null : Said(error),
        };

    /// <summary>Null for none.</summary>
    public static IReadOnlyDictionary<string, string>? HeadersOf(ImmutableArray<UpstreamHeader> headers) =>
        headers.IsDefaultOrEmpty
            ? null
            : headers.ToImmutableSortedDictionary(h => h.Name, h => h.Value, StringComparer.Ordinal);

    private static Problem.UpstreamFault Said(VaultError error) =>
        error.UpstreamContent is not { } content
            ? new Problem.UpstreamFault(error.UpstreamStatus, error.Upstream)
            : new Problem.UpstreamFault(
                error.UpstreamStatus,
                error.Upstream,
                content.Body,
                content.Truncated ? true : null,
                HeadersOf(content.Headers),
                "untrusted_content"
            );

    /// <summary>In seconds, rounded up: an earlier retry would be rejected again (RFC 9110 10.2.3).</summary>
    public static string RetryAfter(TimeSpan wait) =>
        Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public static byte[] Write(VaultError error, string? outcome = null, Uri? publicBase = null) =>
        JsonSerializer.SerializeToUtf8Bytes(From(error, outcome, publicBase), GatewayJson.Sparse);

    // Core does not know where the vault is reached; its texts name routes by their paths.
    private static string Absolute(string text, Uri? publicBase) =>
        publicBase is null || !text.Contains('/', StringComparison.Ordinal)
            ? text
            : RouteReference().Replace(text, m => publicBase.GetLeftPart(UriPartial.Authority) + m.Value);

    [GeneratedRegex(@"(?<![\w/:.}])/(?:v1|openapi|docs|health)(?:/[\w{}:.-]*[\w}])*")]
    private static partial Regex RouteReference();
}
