using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Polly;
using Polly.Retry;

namespace Vault.Client;

/// <summary>
/// Sends a request and reads its response. Every write has an <c>Idempotency-Key</c>, so it can be sent again after its
/// response was lost: the vault replays the stored response. The vault also replays a failure it has reported for the
/// same key, so the next attempt after a failure uses a new key. That attempt is made only if the vault says that
/// nothing was done (<c>can_retry</c>, never with an unknown outcome).
/// </summary>
internal sealed class Transport
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private const string RetryAdvice = "Send it again with the same idempotency key, or check what it did.";

    private readonly HttpClient _http;
    private readonly VaultClientOptions _options;
    private readonly ResiliencePipeline _pipeline;

    public Transport(HttpClient http, VaultClientOptions options, TimeProvider time)
    {
        (_http, _options) = (http, options);
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (options.Retries > 0)
            builder.AddRetry(
                new RetryStrategyOptions
                {
                    MaxRetryAttempts = options.Retries,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = TimeSpan.FromMilliseconds(200),
                    MaxDelay = options.LongestPause,
                    ShouldHandle = new PredicateBuilder().Handle<AttemptFailedException>(e =>
                        e.MayRepeat && !(e.Wait > options.LongestPause)
                    ),
                    DelayGenerator = static a =>
                        ValueTask.FromResult((a.Outcome.Exception as AttemptFailedException)?.Wait),
                }
            );
        _pipeline = builder.Build();
    }

    public async Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        object? body,
        string? idempotencyKey,
        CancellationToken cancellationToken
    )
    {
        var key = idempotencyKey ?? Guid.NewGuid().ToString("N");
        try
        {
            return await _pipeline
                .ExecuteAsync(
                    async stop =>
                    {
                        try
                        {
                            return await AttemptAsync<T>(method, path, body, key, stop).ConfigureAwait(false);
                        }
                        catch (AttemptFailedException e) when (e.Reported && idempotencyKey is null)
                        {
                            key = Guid.NewGuid().ToString("N");
                            throw;
                        }
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (AttemptFailedException e)
        {
            throw VaultException.From(e.Problem, e.InnerException);
        }
    }

    private async Task<T> AttemptAsync<T>(
        HttpMethod method,
        string path,
        object? body,
        string key,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(_options.BaseAddress, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.ApiKey);
        if (method != HttpMethod.Get)
            request.Headers.Add("Idempotency-Key", key);
        if (body is RawBody raw)
        {
            request.Content = new ReadOnlyMemoryContent(raw.Content);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(raw.MediaType);
        }
        else if (body is not null)
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.AttemptTimeout);
        try
        {
            using var response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return (await response.Content.ReadFromJsonAsync<T>(Json, deadline.Token).ConfigureAwait(false))!;
            throw await FailureAsync(response, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            // After the last attempt the outcome is unknown: the write may have been executed.
            var lost =
                method == HttpMethod.Get
                    ? new VaultProblem(
                        "vault_unreachable",
                        "The vault cannot be reached",
                        0,
                        "The vault did not respond.",
                        true,
                        null,
                        "Retry later.",
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null
                    )
                    : new VaultProblem(
                        "outcome_unknown",
                        "No response",
                        0,
                        "The request was sent without a response; it may have been executed.",
                        false,
                        null,
                        RetryAdvice,
                        null,
                        null,
                        null,
                        null,
                        null,
                        "outcome_unknown",
                        null
                    );
            throw new AttemptFailedException(lost, mayRepeat: true, reported: false, null, e);
        }
    }

    private static async Task<AttemptFailedException> FailureAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        VaultProblem? problem = null;
        try
        {
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
                problem = await response
                    .Content.ReadFromJsonAsync<VaultProblem>(Json, cancellationToken)
                    .ConfigureAwait(false);
        }
        catch (JsonException) { }

        // An error without a problem document comes from a proxy. 502 and 504 may follow after the vault has acted; the
        // idempotency key makes a retry safe.
        var status = (int)response.StatusCode;
        var gateway =
            response.StatusCode
            is HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout;
        if (problem?.Code is null)
            return new AttemptFailedException(
                new VaultProblem(
                    "unexpected_answer",
                    "Not a response of a vault",
                    status,
                    $"The response has status {status} and no problem document.",
                    gateway,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null
                ),
                gateway,
                reported: false,
                null,
                null
            );
        var wait = problem.RetryAfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : (TimeSpan?)null;

        // The first request with this key is still running: a retry with the same key gets its response later. After
        // the last attempt the outcome is unknown.
        var underWay = problem is { Code: "conflict", RetryAfterMs: not null };
        if (underWay)
            problem = problem with { Outcome = "outcome_unknown", Advice = RetryAdvice };
        var mayRepeat = underWay || (problem.CanRetry && problem.Outcome != "outcome_unknown");
        return new AttemptFailedException(problem, mayRepeat, reported: !underWay, wait, null);
    }

    /// <summary>A failed attempt; never thrown out of this class.</summary>
    private sealed class AttemptFailedException(
        VaultProblem problem,
        bool mayRepeat,
        bool reported,
        TimeSpan? wait,
        Exception? inner
    ) : Exception(problem.Detail, inner)
    {
        public VaultProblem Problem => problem;

        public bool MayRepeat => mayRepeat;

        /// <summary>The vault itself reported the failure, and would replay it for the same key.</summary>
        public bool Reported => reported;

        public TimeSpan? Wait => wait;
    }
}
