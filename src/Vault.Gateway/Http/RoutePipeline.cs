using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Sealing;

namespace Vault.Gateway.Http;

/// <summary>
/// What happens around every route, in a fixed order: who, how often, may they, is the request right, in which
/// organization, once only; then the route.
/// </summary>
internal sealed class RoutePipeline(
    Authentication authentication,
    RateLimits limits,
    BodyReader bodies,
    IdempotentCalls idempotency,
    ResponseWriter writer,
    IOrganizationStore organizations,
    IdFactory ids,
    PublicAddress address,
    TimeProvider time,
    GatewayOptions options,
    ILogger<RoutePipeline> log
)
{
    public async Task RunAsync(IRoute route, HttpContext http)
    {
        var requestId = ids.New("req_");
        ResponseWriter.Prepare(http, address, requestId);
        var key = route.Operation.Writes ? IdempotentCalls.KeyOf(http.Request) : (string?)null;
        using var timeout = new CancellationTokenSource(
            route.Operation.OwnTimeout ? options.RequestTimeout + options.LongestExecution : options.RequestTimeout,
            time
        );
        // One source where the caller's going ends everything, two where what was begun outlives it.
        var outlives = Outlives(route.Operation, key);
        using var linked = outlives
            ? CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted)
            : null;
        using var gone = outlives
            ? default
            : http.RequestAborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), timeout);
        Answer answer;
        try
        {
            answer = await AnswerAsync(route, http, requestId, key, timeout.Token, (linked ?? timeout).Token);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            answer = ToProblem(e, route.Operation, requestId, timeout.IsCancellationRequested);
        }

        await WriteAsync(http, route.Operation, answer, requestId, timeout);
    }

    private async Task WriteAsync(
        HttpContext http,
        Operation operation,
        Answer answer,
        string requestId,
        CancellationTokenSource timeout
    )
    {
        try
        {
            await writer.WriteAsync(http, operation, answer, requestId, timeout.Token);
        }
        catch (Exception e)
            when (answer is Answer.Stream && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            // A stream is made while it is written; nothing of it has left, so its failure still has a status. Time
            // that ran out may be that failure.
            using var afterwards = new CancellationTokenSource(options.RequestTimeout, time);
            await WriteAsync(
                http,
                operation,
                ToProblem(e, operation, requestId, timeout.IsCancellationRequested),
                requestId,
                afterwards
            );
        }
        catch (Exception e)
            when (e is OperationCanceledException or IOException || http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is listening any more; a stream that has begun can only be cut, which the reader sees.
            http.Abort();
        }
        catch (Exception e) when (http.Response.HasStarted)
        {
            log.LogError(e, "A streamed answer of {RequestId} broke off.", requestId);
            http.Abort();
        }
    }

    // A write goes on when its caller hangs up: half of it is worse than an answer nobody reads. An execution whose
    // caller cannot ask again is given up.
    private static bool Outlives(Operation operation, Result<string?> key) =>
        operation.Writes && (!operation.OwnTimeout || key.Error is not null || key.Value is not null);

    private async Task<Answer> AnswerAsync(
        IRoute route,
        HttpContext http,
        string requestId,
        Result<string?> key,
        CancellationToken timeout,
        CancellationToken linkedToken
    )
    {
        var operation = route.Operation;
        AuthenticatedCaller? authenticated = null;
        if (operation.Permission is { } permission)
        {
            authenticated = await authentication.AuthenticateAsync(http.Request, linkedToken);
            if (authenticated is null)
                return limits.TakeForAddress(Address(http))
                    ?? new VaultError(
                        ErrorCatalogue.Unauthenticated,
                        "Send a valid API key as 'Authorization: Bearer vk_live_…'."
                    );
            if (limits.TakeForKey(authenticated.Caller.KeyId) is { } limited)
                return limited;
            if (!authenticated.Caller.May(permission))
                return new VaultError(ErrorCatalogue.PermissionDenied, $"The key needs the permission {permission}.");
            if (operation.Scope == Scope.Platform && authenticated.Caller.Organization is not null)
                return new VaultError(
                    ErrorCatalogue.PermissionDenied,
                    "Only a key of the platform may do this; this key is bound to an organization."
                );
        }
        else if (operation.Medium == Medium.Page && limits.TakeForAddress(Address(http)) is { } limited)
        {
            return limited;
        }

        var query = QueryCheck.Read(http.Request.Query, operation);
        if (!query.TryGet(out var parameters, out var wrongQuery))
            return wrongQuery;
        if (key.Error is { } wrongKey)
            return wrongKey;
        byte[] bytes = [];
        var body = Body.Empty;
        if (operation.Body is { } fields)
        {
            var read = await BodyReader.ReadAsync(http, operation.MaxBody ?? options.MaxBody, linkedToken);
            if (!read.TryGet(out bytes!, out var tooLarge))
                return tooLarge;
            var parsed = operation.RawBody ? Body.Empty : bodies.Parse(http, bytes, fields);
            if (!parsed.TryGet(out body!, out var wrongBody))
                return wrongBody;
        }

        var call = new Call
        {
            Http = http,
            Operation = operation,
            RequestId = requestId,
            CallerOrNone = authenticated?.Caller,
            Query = parameters,
            Body = body,
            RawBody = bytes,
        };
        if (
            operation.Scope is not (Scope.None or Scope.Platform)
            && await ResolveOrganizationAsync(call, linkedToken) is { } unknown
        )
            return unknown;

        // What belongs to no organization stands in no ledger: who changes the platform is said in the log.
        if (
            call.OrganizationOrNone is null
            && operation.Permission is { } right
            && right.EndsWith(":write", StringComparison.Ordinal)
            && !HttpMethods.IsGet(operation.Method)
        )
            log.LogInformation(
                "{RequestId}: {Operation} {Target} by {Caller}.",
                requestId,
                operation.Id,
                http.Request.Path.Value + http.Request.QueryString.Value,
                call.Caller.KeyId
            );
        var cancellation = Outlives(operation, key) ? timeout : linkedToken;
        if (key.Value is not { } idempotencyKey)
            return await route.HandleAsync(call, cancellation);
        var (answer, replayed) = await idempotency.RunAsync(call, idempotencyKey, authenticated!.Binding(), bytes, () =>
            route.HandleAsync(call, cancellation)
        );
        if (replayed)
            http.Response.Headers["Idempotency-Replayed"] = "true";
        return answer;
    }

    /// <summary>The organization the call acts in, or why not.</summary>
    private ValueTask<VaultError?> ResolveOrganizationAsync(Call call, CancellationToken cancellationToken)
    {
        var text =
            call.Http.Request.RouteValues.GetValueOrDefault("organization_id") as string
            ?? call.Body.Text("organization_id")
            ?? call.Query.Text("organization_id");
        if (call.Caller.Organization is { } bound)
        {
            // The same answer for another organization and for none, without a look-up: a key cannot find out who else
            // is here.
            if (text is not null && text != bound.Value)
                return new(Unknown());
            call.OrganizationOrNone = bound;
            return default;
        }

        if (text is null)
            return new(
                call.Operation.Scope == Scope.OrganizationOrPlatform
                    ? null
                    : VaultError.Invalid("organization_id", "is required with a key of the platform")
            );
        if (!OrganizationId.TryParse(text, out var id))
            return new(Unknown());
        call.OrganizationOrNone = id;
        return call.Operation.Scope == Scope.OrganizationUnchecked ? default : CheckedAsync(id, cancellationToken);
    }

    private async ValueTask<VaultError?> CheckedAsync(OrganizationId id, CancellationToken cancellationToken) =>
        await organizations.FindAsync(id, cancellationToken) is null ? Unknown() : null;

    private Answer ToProblem(Exception e, Operation operation, string requestId, bool timedOut)
    {
        switch (e)
        {
            case StoreUnavailableException { MayHaveCommitted: true } when operation.Writes:
                log.LogWarning(e, "{RequestId}: the store did not say whether it committed.", requestId);
                return new VaultError(
                    ErrorCatalogue.OutcomeUnknown,
                    "The database did not say whether it took the change; look before sending it again."
                );
            case StoreUnavailableException or KeyServiceUnavailableException:
                log.LogWarning(e, "{RequestId}: infrastructure is not available.", requestId);
                return new VaultError(
                    ErrorCatalogue.StoreUnavailable,
                    "The vault cannot reach what it stores its data in."
                )
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            case InvalidCursorException:
                return VaultError.Invalid("page_token", "is not one of this list; leave it out to start again");
            case OperationCanceledException when timedOut:
                log.LogWarning("{RequestId}: the request took longer than allowed.", requestId);
                return operation.Writes
                    ? new VaultError(
                        ErrorCatalogue.OutcomeUnknown,
                        "The vault did not finish in time; look what was done before sending it again."
                    )
                    : new VaultError(ErrorCatalogue.StoreUnavailable, "The vault did not finish in time.")
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    };
            case BadHttpRequestException bad:
                return new VaultError(
                    bad.StatusCode == 413 ? ErrorCatalogue.TooLarge : ErrorCatalogue.InvalidRequest,
                    "The request could not be read."
                );
            default:
                log.LogError(e, "{RequestId}: unhandled fault.", requestId);
                return new VaultError(
                    ErrorCatalogue.Internal,
                    "A fault in the vault; tell the operator the request_id."
                );
        }
    }

    private static string Address(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    private static VaultError Unknown() => new(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
}
