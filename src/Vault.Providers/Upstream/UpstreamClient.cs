using Vault.Core.Execution;
using Vault.Providers.Classification;
using Vault.Providers.Egress;

namespace Vault.Providers.Upstream;

/// <summary>
/// Sends one attempt of a tool call and classifies the response. It never retries and never follows a redirect; the
/// executor decides what comes next.
/// </summary>
public sealed class UpstreamClient : IUpstream
{
    private readonly ProviderHttp _http;
    private readonly TimeProvider _time;
    private readonly UpstreamOptions _options;

    /// <exception cref="ArgumentException">An option is invalid.</exception>
    public UpstreamClient(ProviderHttp http, TimeProvider time, UpstreamOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = string.Join("; ", options.Faults());
        if (faults.Length > 0)
            throw new ArgumentException(faults, nameof(options));
        (_http, _time, _options) = (http, time, options);
    }

    /// <remarks>
    /// A call that could not be sent (a page token of another list, an input that no header can carry, a parameter that
    /// the account lacks) is <see cref="UpstreamOutcome.Rejected"/> with <c>Sent</c> false and a code in <c>Detail</c>:
    /// <c>page_token_invalid</c>, <c>input_…:name</c>, <c>parameter_missing:name</c>, <c>credential_…</c>.
    /// </remarks>
    public async Task<UpstreamReply> SendAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        string? page = null;
        if (call.PageToken is not null && !PageTokens.TryRead(call, out page))
            return NotSent(UpstreamOutcome.Rejected, "page_token_invalid");
        var left = call.Deadline - _time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            return NotSent(UpstreamOutcome.NotSent, "deadline_passed");
        HttpRequestMessage? message;
        try
        {
            message = RequestMapper.Map(call, _http.Policy, page, out var fault);
            if (message is null)
            {
                var own =
                    fault is "page_token_invalid" or "url_malformed"
                    || fault!.StartsWith("parameter_missing:", StringComparison.Ordinal);
                return NotSent(own ? UpstreamOutcome.Rejected : UpstreamOutcome.EgressDenied, fault!);
            }
        }
        catch (InputFaultException e)
        {
            return NotSent(UpstreamOutcome.Rejected, e.Code);
        }

        using (message)
        {
            // Taken before the credential is added: a key in the query must not get into a page token.
            var url = message.RequestUri!;
            if (
                CredentialPlacement.Apply(message, call.Tool.Pack, call.Grant, call.Credential, call.Consumer, _time) is
                { } missing
            )
                return NotSent(UpstreamOutcome.Rejected, missing);
            if (call.TokenEndsAtDeadline)
                return await SendAsync(call, message, url, page, cancellationToken);
            using var deadline = new CancellationTokenSource(left < MaxWait ? left : MaxWait, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            return await SendAsync(call, message, url, page, linked.Token);
        }
    }

    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    private async Task<UpstreamReply> SendAsync(
        ToolCall call,
        HttpRequestMessage message,
        Uri url,
        string? page,
        CancellationToken cancellationToken
    )
    {
        var content = message.Content as TrackedContent;
        int? status = null;
        try
        {
            using var response = await _http.Api.SendAsync(message, cancellationToken);
            status = (int)response.StatusCode;
            using var redactor = new CredentialRedactor(call.Grant, call.Credential);
            var body = await ResponseBody.ReadAsync(response, _options.ReadCap, redactor, cancellationToken);
            var headers = ProviderResponse.HeadersOf(response);
            var answer = new ProviderResponse(status.Value, name => redactor.Redact(headers(name)), body.Json);
            return Reply(call, answer, body, url, page) with { CredentialEchoed = redactor.Replaced };
        }
        catch (Exception e)
            when (e is HttpRequestException or OperationCanceledException or IOException or InvalidDataException)
        {
            var failure = SendFailures.Of(e);
            var sent = status is not null || (!SendFailures.BeforeSend(failure) && content is not { Begun: false });
            var outcome =
                failure == SendFailure.EgressDenied ? UpstreamOutcome.EgressDenied
                : !sent ? UpstreamOutcome.NotSent
                : failure == SendFailure.TimedOut ? UpstreamOutcome.TimedOut
                : UpstreamOutcome.Lost;
            return new UpstreamReply(outcome, status)
            {
                Sent = sent,
                Detail = failure == SendFailure.EgressDenied ? Denial(e) : SendFailures.Code(failure),
            };
        }
    }

    private UpstreamReply Reply(ToolCall call, ProviderResponse answer, ResponseBody body, Uri url, string? page)
    {
        var (pack, request) = (call.Tool.Pack, call.Tool.Definition.Request);
        var verdict = ApiResponseClassifier.Classify(pack, answer, _time.GetUtcNow());
        var succeeded = verdict.Outcome == UpstreamOutcome.Succeeded;
        var (data, truncated, complete) = body.Render(
            _options.OutputCap,
            succeeded && !call.Raw ? request.Data : null,
            succeeded && !call.Raw ? request.Drop : []
        );
        return new UpstreamReply(verdict.Outcome, answer.Status)
        {
            Data = data,
            Truncated = truncated,
            Complete = succeeded ? complete : default,
            ContentType = body.ContentType,
            NextPageToken = succeeded ? PageTokens.Next(call, answer, url, page) : null,
            RetryAfter = verdict.RetryAfter,
            Reason = verdict.Reason,
            Detail = verdict.Code,
            MissingScopes = verdict.MissingScopes,
        };
    }

    private static UpstreamReply NotSent(UpstreamOutcome outcome, string detail) =>
        new(outcome, null) { Sent = false, Detail = detail };

    /// <summary>The reason why the connection was denied; it contains only the host of the pack.</summary>
    private static string Denial(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is EgressDeniedException)
                return e.Message;
        }

        return "egress_denied";
    }
}
