using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.Features;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Faults;

/// <summary>Runs an endpoint with the active faults. Without any it costs one array read.</summary>
internal sealed class FaultRunner(SandboxFaults faults, TimeProvider time, CancellationToken stopping)
{
    public Task RunAsync(HttpContext context, FaultSite site, RequestDelegate act) =>
        faults.IsEmpty ? act(context) : RunFaultedAsync(context, site, act);

    private async Task RunFaultedAsync(HttpContext context, FaultSite site, RequestDelegate act)
    {
        var plan = faults.Take(site, time.GetUtcNow());
        try
        {
            // Waits ignore the client's disconnect: a provider that has read the request acts on it even if the client
            // has left.
            await WaitAsync(plan.Before);
            switch (plan.Outcome)
            {
                case null when plan.After.IsEmpty:
                    await act(context);
                    break;
                case null:
                    var reply = await CaptureAsync(context, act);
                    await WaitAsync(plan.After);
                    await context.Response.Body.WriteAsync(reply, CancellationToken.None);
                    break;
                case { Kind: FaultKind.EarlyUnauthorized }:
                    site.Access!.RefuseEarly();
                    await act(context);
                    break;
                case { Kind: FaultKind.DropBefore }:
                    context.Abort();
                    break;
                case { Kind: FaultKind.DropAfter }:
                    await CaptureAsync(context, act);
                    await WaitAsync(plan.After);
                    context.Abort();
                    break;
                case { Phase: FaultPhase.After } outcome:
                    await CaptureAsync(context, act);
                    await WaitAsync(plan.After);
                    context.Response.Headers.Clear();
                    await AnswerAsync(context, outcome);
                    break;
                case var outcome:
                    await AnswerAsync(context, outcome);
                    break;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private static Task AnswerAsync(HttpContext context, SandboxFault fault)
    {
        JsonReply.NoStore(context.Response);
        if ((fault.RetryAfterSeconds ?? (fault.Kind == FaultKind.RateLimited ? 1 : null)) is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        switch (fault.Kind)
        {
            case FaultKind.RateLimited:
                return JsonReply.WriteErrorAsync(
                    context,
                    429,
                    fault.Error ?? "rate_limited",
                    fault.ErrorDescription ?? "too many requests"
                );
            case FaultKind.ErrorBody:
                return JsonReply.WriteAsync(context, 200, fault, static (writer, f) =>
                {
                    writer.WriteBoolean("ok"u8, false);
                    writer.WriteString("error"u8, f.Error ?? "internal_error");
                    if (f.ErrorDescription is not null)
                    {
                        writer.WriteString("error_description"u8, f.ErrorDescription);
                    }
                });
            case FaultKind.MalformedJson:
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync("{\"token_type\":\"Bearer\",\"expires_in\":36");
            case FaultKind.InvalidGrant:
                return JsonReply.WriteErrorAsync(
                    context,
                    400,
                    "invalid_grant",
                    fault.ErrorDescription ?? "the grant is not valid any more"
                );
            default:
                return JsonReply.WriteErrorAsync(
                    context,
                    fault.Status,
                    fault.Error ?? "server_error",
                    fault.ErrorDescription ?? "the provider has a problem"
                );
        }
    }

    /// <summary>
    /// Lets the endpoint act and captures its response body instead of sending it. Status and headers stay on the
    /// response, which has not started.
    /// </summary>
    private static async Task<ReadOnlyMemory<byte>> CaptureAsync(HttpContext context, RequestDelegate act)
    {
        var wire = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var memory = new MemoryStream();
        var capture = new StreamResponseBodyFeature(memory);
        context.Features.Set<IHttpResponseBodyFeature>(capture);
        try
        {
            await act(context);
            await capture.CompleteAsync();
        }
        finally
        {
            context.Features.Set(wire);
        }

        return memory.GetBuffer().AsMemory(0, (int)memory.Length);
    }

    private async Task WaitAsync(ImmutableArray<FaultHandle> waits)
    {
        foreach (var handle in waits)
        {
            if (handle.Fault.Kind == FaultKind.Hold)
            {
                await handle.Gate.PassAsync(stopping);
                continue;
            }

            // Create the timer before reporting the arrival, so that a test that advances its clock after ReachedAsync
            // always fires it.
            var delay = Task.Delay(TimeSpan.FromMilliseconds(handle.Fault.DelayMs), time, stopping);
            handle.Gate.Arrive();
            await delay;
        }
    }
}
