using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Orleans.Runtime;
using Vault.Host.Cluster;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// Who may call what. A program with a cluster certificate can send messages to any grain, in anyone's name: whom a
/// message says it is from proves nothing. So silos put what only they know beside their calls to each other's grains,
/// and those are refused without it. A client gets the gateway's grain, which asks for an API key, and the description
/// of the cluster that every client reads; the rest of Orleans' own services it is refused as what it says it is.
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
            : throw new UnauthorizedAccessException(
                "A client of the cluster may call the vault's gateway and nothing else."
            );
    }

    private static bool IsGuarded(Type called) =>
        called.Assembly == typeof(ClusterCallFilter).Assembly || called == typeof(IManagementGrain);

    private bool IsMembers(object? shown) =>
        shown is string text
        && CryptographicOperations.FixedTimeEquals(
            MemoryMarshal.AsBytes(text.AsSpan()),
            MemoryMarshal.AsBytes(_token.AsSpan())
        );

    // A silo's own code outside of any grain is a client too, by a name that says so.
    private static bool IsOutside(GrainId? source) =>
        source is { } id && id.IsClient() && !id.Key.AsSpan().StartsWith("hosted-"u8);
}
