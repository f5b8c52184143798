using System.Security.Cryptography;
using Vault.Providers.Classification;
using Vault.Providers.Egress;

namespace Vault.Providers.OAuth;

/// <summary>The result of one request on the wire.</summary>
internal abstract record WireReply
{
    private WireReply() { }

    public sealed record Answered(ProviderResponse Response) : WireReply;

    /// <summary>
    /// No usable response. <paramref name="Sent"/> is false only if the server certainly received nothing of the body.
    /// </summary>
    public sealed record Failed(SendFailure Failure, bool Sent, string Code) : WireReply;
}

/// <summary>Sends one request once, before a deadline, and reads a small response. No retry, no redirect.</summary>
internal sealed class OAuthCall(ProviderHttp http, TimeProvider time)
{
    /// <summary>A token response has a few kilobytes; a larger one is rejected.</summary>
    public const int MaxAnswer = 64 * 1024;

    private static readonly System.Net.Http.Headers.MediaTypeHeaderValue Form = new(
        "application/x-www-form-urlencoded"
    );

    /// <param name="message">Disposed by this method.</param>
    /// <param name="deadline">The call ends before it.</param>
    /// <param name="form">Parse the response as a form whatever its type: many RFC 5849 endpoints declare
    /// text/html.</param>
    public async Task<WireReply> SendAsync(HttpRequestMessage message, DateTimeOffset deadline, bool form = false)
    {
        var content = message.Content as TrackedContent;
        using (message)
        {
            var left = deadline - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
                return new WireReply.Failed(SendFailure.TimedOut, Sent: false, "deadline_passed");
            using var timeout = new CancellationTokenSource(left < MaxWait ? left : MaxWait, time);
            try
            {
                using var response = await http.Tokens.SendAsync(message, timeout.Token);
                var (body, complete) = await ReadAsync(response, timeout.Token);
                try
                {
                    var decoded = complete ? BodyText.Decode(body, response.Content.Headers, MaxAnswer) : null;
                    if (decoded is null)
                        return new WireReply.Failed(SendFailure.Broken, Sent: true, "answer_too_large");
                    // The framework's objects are disposed when this returns, so copy the headers.
                    var headers = response
                        .Headers.Concat(response.Content.Headers)
                        .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
                    return new WireReply.Answered(
                        new ProviderResponse(
                            (int)response.StatusCode,
                            headers.GetValueOrDefault,
                            ProviderResponse.Parse(
                                BodyText.ToUtf8(decoded, response.Content.Headers.ContentType),
                                form ? Form : response.Content.Headers.ContentType,
                                anyForm: true
                            )
                        )
                    );
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(body);
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                var failure = SendFailures.Of(e);
                // Without a tracked body (GET, DELETE) only a failure to connect proves that nothing was sent.
                var sent = !SendFailures.BeforeSend(failure) && content is not { Begun: false };
                return new WireReply.Failed(failure, sent, SendFailures.Code(failure));
            }
        }
    }

    /// <summary>The longest due time of the framework's timers.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    private static async Task<(byte[] Body, bool Complete)> ReadAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MaxAnswer + 1];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
        }

        var body = buffer.AsSpan(0, Math.Min(length, MaxAnswer)).ToArray();
        CryptographicOperations.ZeroMemory(buffer);
        return (body, length <= MaxAnswer);
    }
}
