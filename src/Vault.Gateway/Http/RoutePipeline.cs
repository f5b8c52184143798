using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Sealing;

namespace Vault.Gateway.Http;

/// <summary>
/// Runs every route in a fixed order: authentication, rate limit, permission, request check, organization, idempotency,
/// then the route.
/// </summary>
internal sealed class RoutePipeline(
    Authentication authentication,
    FailedAuthentications failures,
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
        // When the client's disconnect cancels everything, one source is enough. A call that outlives it needs two.
        var outlives = Outlives(route.Operation, key);
        using var linked = outlives
            ? CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted)
            : null;
        using var registration = outlives
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

        await WriteAsync(http, route.Operation, answer.Absolute(address.Base), requestId, timeout);
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
            // No byte of the stream has been sent yet, so the failure can still set the status. The timeout may be
            // that failure, so the problem is written under a new one.
            using var afterwards = new CancellationTokenSource(options.RequestTimeout, time);
            await WriteAsync(
                http,
                operation,
                ToProblem(e, operation, requestId, timeout.IsCancellationRequested).Absolute(address.Base),
                requestId,
                afterwards
            );
        }
        catch (Exception e)
            when (e is OperationCanceledException or IOException || http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone, or sees the aborted stream as incomplete.
            http.Abort();
        }
        catch (Exception e) when (http.Response.HasStarted)
        {
            log.LogError(e, "Streaming the response of {RequestId} failed.", requestId);
            http.Abort();
        }
    }

    // A write continues when its client disconnects, because half a write is worse than an unread response. An
    // execution without an idempotency key is cancelled: its client cannot ask for the result again.
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
            // Who has failed lately pays before the look-up, so that guessing costs the store nothing. A key that was
            // valid a moment ago does not pay for its neighbours behind one address.
            var pays = failures.FailedLately(Network(http)) && !authentication.Knows(http.Request, operation.Exchanges);
            if (pays && limits.TakeForAddress(Network(http)) is { } tooMany)
                return NotAuthenticated(http, operation, tooMany);
            authenticated = await authentication.AuthenticateAsync(
                http.Request,
                anyHeader: operation.Exchanges,
                linkedToken
            );
            if (authenticated is null)
                return NotAuthenticated(http, operation, pays ? null : limits.TakeForAddress(Network(http)));
            if (limits.TakeForKey(authenticated.Caller.KeyId) is { } limited)
                return limited;
            if (!authenticated.Caller.May(permission))
                return new VaultError(ErrorCatalogue.PermissionDenied, $"The key needs the permission {permission}.");
            if (Outside(authenticated.Caller.Constraints, operation, http) is { } outside)
                return outside;
            if (operation.Scans && TakeForScan(authenticated.Caller, http) is { } busy)
                return busy;
            if (operation.Scope == Scope.Platform && authenticated.Caller.Organization is not null)
                return new VaultError(
                    ErrorCatalogue.PermissionDenied,
                    "Only a platform key may do this; this key is bound to an organization."
                );
        }
        else if (operation.Medium == Medium.Page && limits.TakeForAddress(Network(http)) is { } limited)
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

        // The log, too, records who changed the platform.
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
        var (answer, replayed) = await idempotency.RunAsync(
            call,
            idempotencyKey,
            authenticated!.Binding(),
            bytes,
            async () => (await route.HandleAsync(call, cancellation)).Absolute(address.Base)
        );
        if (replayed)
            http.Response.Headers["Idempotency-Replayed"] = "true";
        return answer;
    }

    /// <summary>Sets the organization of the call; returns the error when that is not possible.</summary>
    private ValueTask<VaultError?> ResolveOrganizationAsync(Call call, CancellationToken cancellationToken)
    {
        var text =
            call.Http.Request.RouteValues.GetValueOrDefault("organization_id") as string
            ?? call.Body.Text("organization_id")
            ?? call.Query.Text("organization_id")
            ?? (call.Operation.Exchanges ? call.Http.Request.Headers["Vault-Organization"].FirstOrDefault() : null);
        if (call.Caller.Organization is { } bound)
        {
            // The same error for a foreign organization and for an unknown one, without a lookup: a key cannot find
            // out which organizations exist.
            if (text is not null && text != bound.Value)
                return new(Unknown());
            call.OrganizationOrNone = bound;
            return default;
        }

        if (text is null)
            return new(
                call.Operation.Scope == Scope.OrganizationOrPlatform
                    ? null
                    : VaultError.Invalid("organization_id", "is required with a platform key")
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
                log.LogWarning(e, "{RequestId}: the outcome of a store transaction is unknown.", requestId);
                return new VaultError(
                    ErrorCatalogue.OutcomeUnknown,
                    "The database did not confirm the change; check whether it was made before you send it again."
                );
            case StoreUnavailableException or KeyServiceUnavailableException:
                log.LogWarning(e, "{RequestId}: the store or the key service is unavailable.", requestId);
                return new VaultError(
                    ErrorCatalogue.StoreUnavailable,
                    "The vault cannot reach its store or its key service."
                )
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            case InvalidCursorException:
                return VaultError.Invalid("page_token", "is not a token of this list; leave it out to start again");
            case OperationCanceledException when timedOut:
                log.LogWarning("{RequestId}: the request timed out.", requestId);
                return operation.Writes
                    ? new VaultError(
                        ErrorCatalogue.OutcomeUnknown,
                        "The request timed out; check what was done before you send it again."
                    )
                    : new VaultError(ErrorCatalogue.StoreUnavailable, "The request timed out.")
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    };
            case BadHttpRequestException bad:
                return new VaultError(
                    bad.StatusCode == 413 ? ErrorCatalogue.TooLarge : ErrorCatalogue.InvalidRequest,
                    "The request could not be read."
                );
            default:
                log.LogError(e, "{RequestId}: unhandled exception.", requestId);
                return new VaultError(ErrorCatalogue.Internal, "An internal error; give the operator the request_id.");
        }
    }

    private static VaultError? Outside(KeyConstraints constraints, Operation operation, HttpContext http)
    {
        if (!constraints.AllowsAddress(http.Connection.RemoteIpAddress))
            return new VaultError(ErrorCatalogue.PermissionDenied, "The key may not be used from this address.");
        return constraints.LimitsReach && !operation.KeepsConstraints && operation.Scope != Scope.None
            ? new VaultError(
                ErrorCatalogue.PermissionDenied,
                "The key is limited to users, connections or tools, and this operation reaches beyond them."
            )
            : null;
    }

    // Held until the response is written: an export reads the chain while it is sent.
    private VaultError? TakeForScan(Caller caller, HttpContext http)
    {
        var busy = limits.TakeForScan(caller.Organization?.Value ?? caller.KeyId, out var lease);
        http.Response.RegisterForDispose(lease);
        return busy;
    }

    private VaultError NotAuthenticated(HttpContext http, Operation operation, VaultError? limited)
    {
        if (Authentication.HasCredentials(http.Request))
        {
            GatewayMetrics.AuthenticationFailures.Add(1);
            failures.Note(Network(http), Authentication.ClaimedId(http.Request, operation.Exchanges));
        }

        return limited
            ?? new VaultError(
                ErrorCatalogue.Unauthenticated,
                "Send a valid API key as 'Authorization: Bearer vk_live_…'."
            );
    }

    private static string Network(HttpContext http) => FailedAuthentications.NetworkOf(http.Connection.RemoteIpAddress);

    private static VaultError Unknown() => new(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
}
