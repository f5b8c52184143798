using Orleans.Runtime;

namespace Vault.Host.Routing;

/// <summary>
/// What an exception of Orleans says about a call, where its type does not say it. The only file of the vault that
/// decides by the text or the origin of another library's exception. Each predicate fails safe: if Orleans changes a
/// text, a call that was not delivered counts as unknown, or its exception is thrown as it is. Nothing is executed
/// twice.
/// </summary>
internal static class OrleansErrors
{
    /// <summary>The Orleans version whose source and texts these predicates were verified against.</summary>
    public const string VerifiedVersion = "10.4.2";

    /// <summary>How the text begins when no running silo hosts the grain's class.</summary>
    public const string NoCompatibleSilo = "No active nodes";

    // The sender's message center throws the exception without a message of its own.
    private static readonly string DefaultText = new SiloUnavailableException().Message;

    /// <summary>
    /// The sender knows that the target silo is dead and did not send the message. With any other text the exception
    /// means the opposite: the message was sent, and the silo died before it replied.
    /// </summary>
    public static bool IsNotSent(SiloUnavailableException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Message == DefaultText;
    }

    /// <summary>
    /// No silo is known that implements the grain's interface: the cluster has gateways only, or its workers are still
    /// starting. Orleans throws a plain <see cref="ArgumentException"/> when the grain is looked up, before any send.
    /// </summary>
    public static bool IsWithoutImplementation(ArgumentException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Source is "Orleans.Core" or "Orleans.Runtime";
    }

    /// <summary>The grain cannot be placed, because no running silo hosts its class; the message was not sent.</summary>
    public static bool IsWithoutCompatibleSilo(OrleansException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Message.StartsWith(NoCompatibleSilo, StringComparison.Ordinal);
    }
}
