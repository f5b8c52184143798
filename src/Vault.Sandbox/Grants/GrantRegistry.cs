using System.Globalization;
using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Grants;

/// <summary>Creates, inspects and ends grants, for tests and the control API.</summary>
public sealed class GrantRegistry
{
    private readonly TokenIndex _index;
    private readonly ClientRegistry _clients;
    private readonly TimeProvider _time;

    internal GrantRegistry(TokenIndex index, ClientRegistry clients, TimeProvider time)
    {
        _index = index;
        _clients = clients;
        _time = time;
    }

    public int Count => _index.FamilyCount;

    /// <exception cref="ArgumentException">The seed is invalid; the message names the field.</exception>
    public MintedGrant Mint(GrantSeed seed)
    {
        ArgumentNullException.ThrowIfNull(seed);
        return Mint(Prepare(seed), seed.Subject);
    }

    /// <summary>Creates <paramref name="count"/> grants from one seed, numbered from 1.</summary>
    public IReadOnlyList<MintedGrant> MintMany(GrantSeed seed, int count)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var plan = Prepare(seed);
        var grants = new MintedGrant[count];
        for (var i = 0; i < count; i++)
        {
            var number = (i + 1).ToString(CultureInfo.InvariantCulture);
            var subject = seed.Subject.Contains("{n}", StringComparison.Ordinal)
                ? seed.Subject.Replace("{n}", number, StringComparison.Ordinal)
                : seed.Subject + "-" + number;
            grants[i] = Mint(plan, subject);
        }

        return grants;
    }

    /// <exception cref="KeyNotFoundException">No such grant.</exception>
    public GrantSnapshot Get(string grantId) => Find(grantId).Snapshot(_time.GetUtcNow());

    /// <summary>All grants, or those of one client, in no particular order.</summary>
    public IReadOnlyList<GrantSnapshot> All(string? clientId = null)
    {
        var now = _time.GetUtcNow();
        return [.. Of(clientId).Select(f => f.Snapshot(now))];
    }

    /// <summary>Expires the access tokens of the grant now.</summary>
    public void ExpireAccess(string grantId) => Find(grantId).ExpireAccess(_time.GetUtcNow());

    /// <summary>Expires the access tokens of all grants (of one client) now. Returns the number of grants.</summary>
    public int ExpireAllAccess(string? clientId = null)
    {
        var now = _time.GetUtcNow();
        var count = 0;
        foreach (var family in Of(clientId))
        {
            family.ExpireAccess(now);
            count++;
        }

        return count;
    }

    /// <summary>
    /// Revokes the grant, as its user or an administrator would: all its tokens are invalid. The reason becomes the
    /// error_description of invalid_grant.
    /// </summary>
    public void Revoke(string grantId, string reason = "the user revoked access") => Find(grantId).Kill(reason);

    internal MintedGrant Open(GrantFamily family, TokenPolicy policy, TimeSpan? lifetime)
    {
        var (access, refresh) = family.Open(withRefresh: true, lifetime, _time.GetUtcNow());
        var seconds = (int)(lifetime ?? TimeSpan.FromSeconds(policy.AccessTokenSeconds)).TotalSeconds;
        return new MintedGrant(family.Id, family.Subject, access.Value, refresh, seconds, access.ScopeText);
    }

    internal void ResetCounts()
    {
        foreach (var family in _index.Families)
        {
            family.ResetCounts();
        }
    }

    internal void Clear() => _index.Clear();

    private MintedGrant Mint(Plan plan, string subject) =>
        Open(
            new GrantFamily(_index, plan.Client, subject, plan.Scopes, plan.OwnPolicy, _time.GetUtcNow()),
            plan.OwnPolicy ?? plan.Client.Current.Policy,
            plan.Lifetime
        );

    private Plan Prepare(GrantSeed seed)
    {
        if (!_clients.TryGet(seed.ClientId, out var client))
        {
            throw new ArgumentException(
                $"client_id '{seed.ClientId}' is not registered; register it first with POST /_control/clients"
            );
        }

        if (string.IsNullOrWhiteSpace(seed.Subject))
        {
            throw new ArgumentException("subject is empty; name the subject of the grant");
        }

        var own = seed.Policy?.ApplyTo(client.Current.Policy);
        if (own?.Faults().FirstOrDefault() is { } fault)
        {
            throw new ArgumentException("policy." + fault);
        }

        var scopes = (seed.Scopes ?? client.Current.Scopes).ToArray();
        return new Plan(
            client,
            scopes,
            own,
            seed.AccessExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null
        );
    }

    private IEnumerable<GrantFamily> Of(string? clientId) =>
        clientId is null ? _index.Families : _index.Families.Where(f => f.ClientId == clientId);

    private GrantFamily Find(string grantId) =>
        _index.TryFamily(grantId, out var family)
            ? family
            : throw new KeyNotFoundException($"grant '{grantId}' does not exist in the sandbox");

    private sealed record Plan(ClientEntry Client, string[] Scopes, TokenPolicy? OwnPolicy, TimeSpan? Lifetime);
}
