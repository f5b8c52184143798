using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Sealing;

namespace Vault.Gateway.Http;

/// <summary>
/// Runs a request with an <c>Idempotency-Key</c> once. The key is claimed before the route runs and holds the response
/// afterwards. A route that failed before it had an effect releases the key. A route with an unknown outcome keeps it,
/// because a second run could act twice.
/// </summary>
internal sealed class IdempotentCalls(IIdempotencyStore store, Sealer sealer, TimeProvider time, GatewayOptions options)
{
    public const string Header = "Idempotency-Key";

    /// <summary>Exceeds the duration of any request: an older claim without a response was interrupted.</summary>
    private TimeSpan MaxRun => options.RequestTimeout + options.LongestExecution;

    public static Result<string?> KeyOf(HttpRequest request)
    {
        var header = request.Headers[Header];
        if (header.Count == 0)
            return (string?)null;
        return header.Count == 1 && header[0] is { Length: > 0 and <= 255 } key && key.All(c => c is > ' ' and <= '~')
            ? key
            : VaultError.Invalid(Header, "send one, of 1 to 255 visible ASCII characters");
    }

    /// <summary>Runs the route, or replays the stored response of an earlier request with the same key.</summary>
    public async Task<(Answer Answer, bool Replayed)> RunAsync(
        Call call,
        string key,
        byte[] binding,
        ReadOnlyMemory<byte> body,
        Func<Task<Answer>> runAsync
    )
    {
        var now = time.GetUtcNow();
        var scope = $"{call.OrganizationOrNone?.Value ?? "platform"}/{call.Caller.KeyId}";
        var claim = new IdempotentResponse(
            scope,
            key,
            Digest(call, binding, body),
            null,
            null,
            null,
            now,
            now + options.KeepAnswers
        );
        var earlier = await store.ClaimAsync(call.OrganizationOrNone, claim, now, CancellationToken.None);
        if (earlier is not null)
            return (
                await RepeatAsync(call, earlier, claim, now),
                earlier.Status is not null && earlier.RequestDigest == claim.RequestDigest
            );

        Answer answer;
        try
        {
            answer = await runAsync();
        }
        catch (StoreUnavailableException e) when (!e.MayHaveCommitted)
        {
            await store.ReleaseAsync(call.OrganizationOrNone, scope, key, CancellationToken.None);
            throw;
        }

        try
        {
            if (
                answer is Answer.Problem { Acted: false } problem
                && problem.Error.Code != ErrorCatalogue.Internal
                && problem.Error.Code != ErrorCatalogue.OutcomeUnknown
            )
                await store.ReleaseAsync(call.OrganizationOrNone, scope, key, CancellationToken.None);
            else
                await store.CompleteAsync(
                    call.OrganizationOrNone,
                    await KeepAsync(call, claim, answer),
                    CancellationToken.None
                );
        }
        catch (StoreUnavailableException)
        {
            // The result is still correct, and the caller can get it only now. The claim stays without a response, so
            // a repeated request does not run again.
        }

        return (answer, false);
    }

    private async Task<Answer> RepeatAsync(
        Call call,
        IdempotentResponse earlier,
        IdempotentResponse claim,
        DateTimeOffset now
    )
    {
        if (earlier.RequestDigest != claim.RequestDigest)
            return new VaultError(
                ErrorCatalogue.IdempotencyConflict,
                $"{Header}: was used for another request; use a new key."
            );
        if (earlier.Status is not { } status)
        {
            return now - earlier.CreatedAt < MaxRun
                ? new VaultError(ErrorCatalogue.Conflict, "The first request with this key is still running.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                }
                : new VaultError(
                    ErrorCatalogue.OutcomeUnknown,
                    "The first request with this key was interrupted before its response was stored; check what "
                        + "it did, then use a new key."
                );
        }

        if (earlier.Body is not { } kept)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The request succeeded, but its response held a secret that is shown once and was not stored. Use "
                    + "a new key to create another."
            );
        if (call.OrganizationOrNone is not { } organization)
            return new Answer.Raw(status, earlier.ContentType!, kept.Bytes);
        var opened = await sealer.OpenAsync(
            kept,
            SealContext.IdempotentResponse(organization, earlier.Scope, earlier.Key),
            CancellationToken.None
        );
        if (!opened.TryGet(out var secret, out var error))
            return error;
        using (secret)
            return new Answer.Raw(status, earlier.ContentType!, secret.Reveal().ToArray());
    }

    private async Task<IdempotentResponse> KeepAsync(Call call, IdempotentResponse claim, Answer answer)
    {
        var (status, type, bytes) = ResponseBytes.Of(answer);
        var done = claim with { Status = status, ContentType = type };
        if (call.Operation.ShownOnce && status < 400)
            return done;
        if (call.OrganizationOrNone is not { } organization)
            return done with { Body = new SealedBlob(0, bytes) };
        using var secret = Secret.Own(bytes.ToArray());
        var sealing = await sealer.SealAsync(
            secret,
            SealContext.IdempotentResponse(organization, claim.Scope, claim.Key),
            CancellationToken.None
        );
        // An erased organization has no data key any more, and no caller that could repeat the request.
        return sealing.IsOk ? done with { Body = sealing.Value } : done;
    }

    private static string Digest(Call call, byte[] binding, ReadOnlyMemory<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, binding);
        mac.AppendData(
            Encoding.UTF8.GetBytes(
                $"{call.Http.Request.Method}\n{call.Http.Request.Path.Value}\n{call.Http.Request.QueryString.Value}\n"
            )
        );
        mac.AppendData(body.Span);
        return Convert.ToHexStringLower(mac.GetHashAndReset());
    }
}
