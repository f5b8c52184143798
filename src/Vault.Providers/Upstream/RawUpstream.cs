using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Vault.Core.Execution;
using Vault.Providers.Classification;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;

namespace Vault.Providers.Upstream;

/// <summary>
/// Sends a raw call with its own method, headers and body, and hands over the provider's status, headers and body as
/// they arrive. Only the beginning of a body is read before: it says whether the credential was rejected.
/// </summary>
public sealed class RawUpstream(ProviderHttp http, TimeProvider time) : IRawUpstream
{
    private const int HeadLength = 64 * 1024;

    // Of the connection (RFC 9110 7.6.1), of the provider's own site, or set by the vault.
    private static readonly FrozenSet<string> NotForwarded = new[]
    {
        "alt-svc",
        "cache-control",
        "clear-site-data",
        "connection",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-security-policy-report-only",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "expires",
        "keep-alive",
        "nel",
        "pragma",
        "proxy-authenticate",
        "proxy-connection",
        "public-key-pins",
        "referrer-policy",
        "refresh",
        "report-to",
        "server",
        "service-worker-allowed",
        "set-cookie",
        "set-cookie2",
        "sourcemap",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public async Task<UpstreamReply> ExchangeAsync(
        ToolCall call,
        RawExchange exchange,
        bool mayRepeat,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(exchange);
        if (RequestMapper.Map(call, http.Policy, null, out var fault) is not { } message)
            return UpstreamClient.NotSent(
                fault is UnsentCodes.UrlMalformed
                || fault!.StartsWith(UnsentCodes.ParameterMissing, StringComparison.Ordinal)
                    ? UpstreamOutcome.Rejected
                    : UpstreamOutcome.EgressDenied,
                fault
            );
        using (message)
        {
            var url = message.RequestUri!;
            Fill(message, exchange);
            if (
                CredentialPlacement.Apply(message, call.Tool.Pack, call.Grant, call.Credential, call.Consumer, time) is
                { } missing
            )
                return UpstreamClient.NotSent(UpstreamOutcome.Rejected, missing);
            return await SendAsync(call, exchange, message, url, mayRepeat, cancellationToken);
        }
    }

    private static void Fill(HttpRequestMessage message, RawExchange exchange)
    {
        message.Headers.Clear();
        // Not compressed: the credential could not be found in it.
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        foreach (var (name, value) in exchange.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        if (!message.Headers.NonValidated.Contains("User-Agent"))
            message.Headers.TryAddWithoutValidation("User-Agent", "vault-orleans");
        message.Content =
            exchange.Buffered is { } bytes ? new TrackedContent([.. bytes])
            : exchange.Body is { } body ? new OnceContent(body, exchange.ContentLength)
            : null;
        if (exchange.ContentType is { } type)
            message.Content?.Headers.TryAddWithoutValidation("Content-Type", type);
    }

    private async Task<UpstreamReply> SendAsync(
        ToolCall call,
        RawExchange exchange,
        HttpRequestMessage message,
        Uri url,
        bool mayRepeat,
        CancellationToken cancellationToken
    )
    {
        int? status = null;
        try
        {
            using var response = await http.Api.SendAsync(message, cancellationToken);
            status = (int)response.StatusCode;
            using var redactor = new CredentialRedactor(call.Grant, call.Credential);
            var raw = await response.Content.ReadAsStreamAsync(cancellationToken);
            var (stream, unknown) = await ContentEncodings.UndoAsync(
                raw,
                response.Content.Headers,
                HeadLength,
                cancellationToken
            );
            await using var disposed = stream;
            var head = new byte[HeadLength];
            // A JSON answer may be a refusal with the status of a success, which only the whole of it says.
            var announced = response.Content.Headers.ContentLength
                ?? (DeclaredText.IsJson(DeclaredText.TypeOf(response.Content.Headers)) ? long.MaxValue : null);
            var (length, whole) = await HeadAsync(stream, head, announced, cancellationToken);
            var beginning = head[..length];
            if (whole)
                beginning = redactor.RedactJson(redactor.Redact(beginning));
            var reply = Classify(call, response, whole ? beginning : null, redactor);
            if (mayRepeat && reply.Outcome == UpstreamOutcome.CredentialRejected)
                return reply;
            exchange.Responded = true;
            var headers = HeadersOf(call, exchange, response, url, redactor, unknown);
            await using var body = whole
                ? new MemoryStream(beginning, writable: false)
                : (Stream)new MaskingStream(beginning, stream, redactor);
            await exchange.WriteAsync(
                new RawResponse(
                    status.Value,
                    headers,
                    body,
                    message.Method == HttpMethod.Head ? response.Content.Headers.ContentLength
                        : whole ? beginning.Length
                        : ReferenceEquals(stream, raw) ? response.Content.Headers.ContentLength
                        : null
                ),
                cancellationToken
            );
            return reply with { CredentialEchoed = redactor.Replaced };
        }
        catch (Exception e)
            when (e is HttpRequestException or OperationCanceledException or IOException or InvalidDataException)
        {
            exchange.Broken = exchange.Responded;
            var failure = SendFailures.Of(e);
            var sent =
                status is not null
                || (
                    !SendFailures.BeforeSend(failure)
                    && message.Content is not (TrackedContent { Begun: false } or OnceContent { Begun: false })
                );
            var outcome =
                failure == SendFailure.EgressDenied ? UpstreamOutcome.EgressDenied
                : !sent ? UpstreamOutcome.NotSent
                : failure == SendFailure.TimedOut ? UpstreamOutcome.TimedOut
                : UpstreamOutcome.Lost;
            return new UpstreamReply(outcome, status) { Sent = sent, Detail = SendFailures.Code(failure) };
        }
    }

    /// <summary>
    /// The beginning of a body: all of it where its length is known to fit, otherwise what the first read brings. A
    /// stream of events is not waited for.
    /// </summary>
    private static async Task<(int Length, bool Whole)> HeadAsync(
        Stream stream,
        byte[] head,
        long? announced,
        CancellationToken cancellationToken
    )
    {
        var length = 0;
        do
        {
            var read = await stream.ReadAsync(head.AsMemory(length), cancellationToken);
            if (read == 0)
                return (length, true);
            length += read;
        } while (length < head.Length && announced is not null);
        return (length, announced == length);
    }

    private UpstreamReply Classify(
        ToolCall call,
        HttpResponseMessage response,
        byte[]? body,
        CredentialRedactor redactor
    )
    {
        var headers = ProviderResponse.HeadersOf(response);
        var json = body is null ? default : ProviderResponse.Parse(body, DeclaredText.TypeOf(response.Content.Headers));
        var answer = new ProviderResponse((int)response.StatusCode, name => redactor.Redact(headers(name)), json);
        var verdict = ApiResponseClassifier.Classify(call.Tool.Pack, answer, time.GetUtcNow());
        // A redirect and a "not modified" are answers to the caller of an API, not refusals.
        return new UpstreamReply(
            verdict.Outcome == UpstreamOutcome.Rejected && answer.Status is >= 300 and < 400
                ? UpstreamOutcome.Succeeded
                : verdict.Outcome,
            answer.Status
        )
        {
            Detail = verdict.Code,
            Reason = verdict.Reason,
            RetryAfter = verdict.RetryAfter,
            MissingScopes = verdict.MissingScopes,
        };
    }

    private ImmutableArray<(string Name, string Value)> HeadersOf(
        ToolCall call,
        RawExchange exchange,
        HttpResponseMessage response,
        Uri url,
        CredentialRedactor redactor,
        string? encoding
    )
    {
        var pack = call.Tool.Pack;
        var apiBase = new TemplateContext(pack, call.Parameters, null, call.Bound)
            .ExpandUrl(pack.Details.Api.BaseUrl, http.Policy, out _)
            ?.AbsoluteUri.TrimEnd('/');
        var kept = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            var lower = name.ToLowerInvariant();
            if (NotForwarded.Contains(name) || lower.StartsWith("access-control-", StringComparison.Ordinal))
                continue;
            foreach (var value in values)
            {
                var text =
                    lower == "link" ? LinkHeader.MapTargets(value, Through)
                    : lower == "location" || lower.EndsWith("-location", StringComparison.Ordinal) ? Through(value)
                    : value;
                if (!text.Any(char.IsControl))
                    kept.Add((name, redactor.Redact(text)!));
            }
        }

        if (encoding is not null)
            kept.Add(("Content-Encoding", encoding));
        return kept.ToImmutable();

        // A URL of the API leads through the vault again, where the caller has no credential of its own.
        string Through(string reference) =>
            UsefulHeaders.Absolute(url, reference, pack) is not { } absolute ? reference
            : apiBase is not null
            && absolute.StartsWith(apiBase, StringComparison.Ordinal)
            && (absolute.Length == apiBase.Length || absolute[apiBase.Length] is '/' or '?')
                ? exchange.PublicBase + absolute[apiBase.Length..]
            : absolute;
    }

    /// <summary>A body that is sent while it is received; it can be sent once.</summary>
    private sealed class OnceContent(Stream body, long? length) : HttpContent
    {
        public bool Begun { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream,
            TransportContext? context,
            CancellationToken cancellationToken
        )
        {
            Begun = true;
            var buffer = new byte[64 * 1024];
            while (await body.ReadAsync(buffer, cancellationToken) is var read and > 0)
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length ?? 0;
            return length is not null;
        }
    }
}
