using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Providers.Classification;
using Vault.Providers.Egress;

namespace Vault.Providers.Upstream;

/// <summary>
/// Sends one attempt of a tool call and classifies the response. It never retries, and follows only the redirects of a
/// read (<see cref="Redirects"/>); the executor decides what comes next.
/// </summary>
public sealed class UpstreamClient : IUpstream
{
    private readonly ProviderHttp _http;
    private readonly TimeProvider _time;
    private readonly UpstreamOptions _options;
    private readonly AnswerBudget _budget;

    /// <exception cref="ArgumentException">An option is invalid.</exception>
    public UpstreamClient(ProviderHttp http, TimeProvider time, UpstreamOptions options, AnswerBudget? budget = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = string.Join("; ", options.Faults());
        if (faults.Length > 0)
            throw new ArgumentException(faults, nameof(options));
        (_http, _time, _options, _budget) = (http, time, options, budget ?? new AnswerBudget(DefaultBudget));
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
            return NotSent(UpstreamOutcome.Rejected, UnsentCodes.PageTokenInvalid);
        var left = call.Deadline - _time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            return NotSent(UpstreamOutcome.NotSent, UnsentCodes.DeadlinePassed);
        if (!_budget.HasRoom(call.Organization))
            return NotSent(UpstreamOutcome.NotSent, "answers_fill_memory") with { RetryAfter = BusyPause };
        HttpRequestMessage? message;
        try
        {
            message = RequestMapper.Map(call, _http.Policy, page, out var fault);
            if (message is null)
            {
                var own =
                    fault is UnsentCodes.PageTokenInvalid or UnsentCodes.UrlMalformed
                    || fault!.StartsWith(UnsentCodes.ParameterMissing, StringComparison.Ordinal);
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
            if (Apply(call, message) is { } missing)
                return NotSent(UpstreamOutcome.Rejected, missing);
            if (call.TokenEndsAtDeadline)
                return await SendAsync(call, message, url, page, cancellationToken);
            using var deadline = new CancellationTokenSource(left < MaxWait ? left : MaxWait, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            return await SendAsync(call, message, url, page, linked.Token);
        }
    }

    private const long DefaultBudget = 256L * 1024 * 1024;
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    private async Task<UpstreamReply> SendAsync(
        ToolCall call,
        HttpRequestMessage message,
        Uri url,
        string? page,
        CancellationToken cancellationToken
    )
    {
        var hop = new Redirects.Hop(url, message.Method.Method, WithCredential: true);
        int? status = null;
        IDisposable? held = null;
        try
        {
            for (var hops = 0; ; hops++)
            {
                using var response = await _http.Api.SendAsync(message, cancellationToken);
                status = (int)response.StatusCode;
                if (hops < Redirects.Max && Redirects.Next(call, _http.Policy, response, hop) is { } next)
                {
                    var following = Redirects.Request(call, _http.Policy, page, next);
                    if (next.WithCredential && Apply(call, following) is not null)
                        following.Dispose();
                    else
                    {
                        // The caller disposes of the first message; it disposes of this one with its content.
                        message.Dispose();
                        (message, hop) = (following, next);
                        continue;
                    }
                }

                using var redactor = new CredentialRedactor(call.Grant, call.Credential);
                var reply = await ReplyAsync(
                    call,
                    response,
                    redactor,
                    url,
                    hop,
                    page,
                    HoldAsync,
                    cancellationToken
                ) with
                {
                    CredentialEchoed = redactor.Replaced,
                    Held = held,
                };
                held = null;
                return reply;
            }
        }
        catch (BudgetExhaustedException)
        {
            // A read: nothing was done that a repetition would do twice.
            return new UpstreamReply(UpstreamOutcome.Unavailable, 503)
            {
                Detail = "answers_fill_memory",
                RetryAfter = BusyPause,
            };
        }
        catch (Exception e)
            when (e is HttpRequestException or OperationCanceledException or IOException or InvalidDataException)
        {
            var failure = SendFailures.Of(e);
            var sent =
                status is not null
                || (!SendFailures.BeforeSend(failure) && message.Content is not TrackedContent { Begun: false });
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
        finally
        {
            message.Dispose();
            held?.Dispose();
        }

        async Task HoldAsync(long bytes) =>
            held = await _budget.TakeAsync(
                call.Organization,
                bytes,
                call.Tool.Definition.Effect != Effect.Read,
                cancellationToken
            ) ?? throw new BudgetExhaustedException();
    }

    private string? Apply(ToolCall call, HttpRequestMessage message) =>
        CredentialPlacement.Apply(message, call.Tool.Pack, call.Grant, call.Credential, call.Consumer, _time);

    private async Task<UpstreamReply> ReplyAsync(
        ToolCall call,
        HttpResponseMessage response,
        CredentialRedactor redactor,
        Uri url,
        Redirects.Hop hop,
        string? page,
        Func<long, Task> hold,
        CancellationToken cancellationToken
    )
    {
        ResponseBody body;
        ExecutionWarning? warning = null;
        try
        {
            body = await ResponseBody.ReadAsync(response, _options.ReadCap, redactor, hold, cancellationToken);
        }
        catch (InvalidDataException) when (IsToldByStatus(call, response))
        {
            // A write that the provider has acknowledged has acted; "unknown" would make the caller look for it.
            body = ResponseBody.None;
            warning = new ExecutionWarning(
                ExecutionWarning.BodyUnreadable,
                "The provider acted, but the body of its response is not encoded as its headers say."
            );
        }

        var headers = ProviderResponse.HeadersOf(response);
        var answer = new ProviderResponse((int)response.StatusCode, name => redactor.Redact(headers(name)), body.Json);
        // Paging is pinned to the tool's own origin; within it, relative URLs are relative to the final address.
        var own = PageTokens.SameOrigin(url, hop.Url.AbsoluteUri) is null ? url : hop.Url;
        var reply = Reply(call, answer, body, own, page) with
        {
            Headers = UsefulHeaders.Of(response, call.Tool.Pack, hop.Url, redactor),
        };
        if (warning is not null)
            reply = reply with { Warnings = [warning] };
        // A host of files never saw the credential, so its refusal says nothing about it.
        return
            !hop.WithCredential
            && reply.Outcome
                is UpstreamOutcome.CredentialRejected
                    or UpstreamOutcome.GrantDead
                    or UpstreamOutcome.ScopeMissing
            ? reply with
            {
                Outcome = UpstreamOutcome.Rejected,
            }
            : reply;
    }

    // Where a success may be a refusal, only the body tells.
    private static bool IsToldByStatus(ToolCall call, HttpResponseMessage response) =>
        !response.IsSuccessStatusCode
        || (call.Tool.Definition.Effect != Effect.Read && call.Tool.Pack.Details.Api.ErrorWhen.IsEmpty);

    private UpstreamReply Reply(ToolCall call, ProviderResponse answer, ResponseBody body, Uri url, string? page)
    {
        var (pack, request) = (call.Tool.Pack, call.Tool.Definition.Request);
        var verdict = ApiResponseClassifier.Classify(pack, answer, _time.GetUtcNow());
        var succeeded = verdict.Outcome == UpstreamOutcome.Succeeded;
        var (data, truncated, complete) = body.Render(
            succeeded ? _options.OutputCap : Math.Min(_options.OutputCap, MaxErrorBody),
            succeeded && !call.Raw ? request.Data : null,
            succeeded && !call.Raw ? request.Drop : []
        );
        var (next, warning) = succeeded ? PageTokens.Next(call, answer, url, page) : default;
        if (
            succeeded
            && request.Paging is { Style: not PagingStyle.LinkHeader }
            && (!body.IsComplete || (body.Json.ValueKind == JsonValueKind.Undefined && truncated))
        )
            warning = new ExecutionWarning(
                ExecutionWarning.NextPageUnknown,
                "The response is longer than the vault reads, so it is not known whether the list goes on. "
                    + "Ask for smaller pages."
            );
        return new UpstreamReply(verdict.Outcome, answer.Status)
        {
            Data = data,
            Truncated = truncated,
            Complete = succeeded ? complete : default,
            ContentType = body.ContentType,
            NextPageToken = next,
            Warnings = warning is null ? [] : [warning],
            RetryAfter = verdict.RetryAfter,
            Reason = verdict.Reason,
            Detail = verdict.Code,
            MissingScopes = verdict.MissingScopes,
        };
    }

    // An agent reads it as text; a page of HTML would fill its context.
    private const int MaxErrorBody = 8 * 1024;

    internal static UpstreamReply NotSent(UpstreamOutcome outcome, string detail) =>
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
