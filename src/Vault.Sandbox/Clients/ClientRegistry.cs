using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Vault.Sandbox.Clients;

/// <summary>The clients of the sandbox. A change applies to the next request, also for existing grants.</summary>
public sealed class ClientRegistry
{
    private readonly ConcurrentDictionary<string, ClientEntry> _clients = new(StringComparer.Ordinal);

    internal ClientRegistry(IEnumerable<SandboxClient> clients)
    {
        foreach (var client in clients)
        {
            Register(client);
        }
    }

    public IReadOnlyList<SandboxClient> All =>
        [.. _clients.Values.Select(static e => e.Current).OrderBy(static c => c.ClientId, StringComparer.Ordinal)];

    /// <summary>Adds the client, or replaces the one with the same id.</summary>
    /// <exception cref="ArgumentException">The client is invalid; the message lists every wrong field.</exception>
    public SandboxClient Register(SandboxClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        var faults = client.Faults().ToList();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", faults));
        }

        _clients.AddOrUpdate(
            client.ClientId,
            static (_, c) => new ClientEntry(c),
            static (_, entry, c) => entry.Replace(c),
            client
        );
        return client;
    }

    /// <summary>Changes a registered client, for example <c>c =&gt; c with { AutoConsent = true }</c>.</summary>
    public SandboxClient Update(string clientId, Func<SandboxClient, SandboxClient> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Register(change(Get(clientId)));
    }

    /// <summary>Changes the token policy of a client; grants without a policy of their own follow at once.</summary>
    public SandboxClient UpdatePolicy(string clientId, TokenPolicyPatch patch)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return Update(clientId, c => c with { Policy = patch.ApplyTo(c.Policy) });
    }

    /// <exception cref="KeyNotFoundException">No such client.</exception>
    public SandboxClient Get(string clientId) =>
        TryGet(clientId, out var entry)
            ? entry.Current
            : throw new KeyNotFoundException($"client_id '{clientId}' is not registered with the sandbox");

    internal bool TryGet(string? clientId, [NotNullWhen(true)] out ClientEntry? entry)
    {
        entry = null;
        return clientId is not null && _clients.TryGetValue(clientId, out entry);
    }
}

/// <summary>A stable reference to a client whose registration may change.</summary>
internal sealed class ClientEntry(SandboxClient client)
{
    private volatile SandboxClient _current = client;

    public SandboxClient Current => _current;

    public ClientEntry Replace(SandboxClient client)
    {
        _current = client;
        return this;
    }
}
