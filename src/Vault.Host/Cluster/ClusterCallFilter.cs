using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Orleans.Runtime;
using Vault.Host.Cluster;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// Authorizes grain calls. Any program with a cluster certificate can send messages to any grain under any sender id,
/// so the sender id proves nothing. Therefore silos attach a shared secret to their calls to each other's grains, and
/// calls without it are rejected. A client may call the gateway grain, which requires an API key, and the cluster
/// description that every Orleans client reads. The client is refused Orleans' other system services by its sender id.
/// </summary>
internal sealed class ClusterCallFilter(MemberToken token) : IIncomingGrainCallFilter, IOutgoingGrainCallFilter
{
    internal const string Header = "vault.member";
    private readonly string _token = token.Value;

    Task IOutgoingGrainCallFilter.Invoke(IOutgoingGrainCallContext context)
    {
        if (IsGuarded(context.Request.GetInterfaceType()))
            RequestContext.Set(Header, _token);
        return context.Invoke();
    }

    Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext context)
    {
        var called = context.Request.GetInterfaceType();
        var allowed = IsGuarded(called)
            ? IsMembers(RequestContext.Get(Header))
            : context.Grain is GatewayGrain
                || !IsOutside(context.SourceId)
                || called.FullName == "Orleans.Runtime.IClusterManifestSystemTarget";
        return allowed
            ? context.Invoke()
            : throw new UnauthorizedAccessException("A client of the cluster may call only the vault's gateway grain.");
    }

    private static bool IsGuarded(Type called) =>
        called.Assembly == typeof(ClusterCallFilter).Assembly || called == typeof(IManagementGrain);

    private bool IsMembers(object? shown) =>
        shown is string text
        && CryptographicOperations.FixedTimeEquals(
            MemoryMarshal.AsBytes(text.AsSpan()),
            MemoryMarshal.AsBytes(_token.AsSpan())
        );

    // A silo's code outside of a grain is a client as well; its client id starts with a reserved prefix.
    private static bool IsOutside(GrainId? source) =>
        source is { } id && id.IsClient() && !id.Key.AsSpan().StartsWith("hosted-"u8);
}
