using System.Collections.Immutable;
using Vault.Benchmarks.Rig;
using Vault.Core.Accounts;
using Vault.Core.Connecting;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Sealing;

namespace Vault.Benchmarks.Scale;

/// <summary>An account that was loaded, and when it is due.</summary>
internal sealed record LoadedAccount(AccountKey Key, AccountId Id, DateTimeOffset? DueAt);

/// <summary>Fills organizations with connections and accounts, each sealed under its organization's key and written by the product's own store.</summary>
internal sealed class ScaleLoader(ScaleWorld world, string upstream)
{
    private const int Parallel = 16;
    private const string Provider = "sandbox_single_use";
    private static readonly ConnectionName Name = new("sandbox");
    private static readonly Grant Nobody = new("at-of-nobody-" + new string('0', 40), "rt-of-nobody-" + new string('0', 40), "read:items");

    public async Task<IReadOnlyList<(OrganizationId Organization, string Connection)>> OrganizationsAsync(int count, CancellationToken cancellationToken)
    {
        var made = new (OrganizationId, string)[count];
        await System.Threading.Tasks.Parallel.ForEachAsync(Enumerable.Range(0, count), Options(cancellationToken), async (i, cancel) =>
        {
            var (id, connection, now) = (world.Ids.NewOrganization(), world.Ids.NewConnection(), DateTimeOffset.UtcNow);
            var state = new OrganizationState { Status = OrganizationStatus.Active, Gate = new Gate(true, 1) };
            Written(await world.Store.Organizations.InsertAsync(new OrganizationRow(id, "Organization " + i, null, 1, state, now, now), [], cancel));
            using var secret = Secret.From("demo-secret");
            var blob = await world.Sealer.SealAsync(secret, id, connection, "client_secret", 1, cancel);
            var settings = new ConnectionSettings { ClientId = "demo-client", Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("base_url", upstream) };
            Written(await world.Store.Connections.InsertAsync(new ConnectionRow(connection, id, Name, Provider, 1, settings, blob.Value, 1, now, now), GateCheck.None, [], cancel));
            made[i] = (id, connection);
        });
        return made;
    }

    /// <param name="places">Organizations, in turn.</param>
    /// <param name="grants">Of the upstream, one per account; where they end the rest gets one that nobody knows.</param>
    /// <param name="due">When the account of an index is due; null for in a month.</param>
    public async Task<IReadOnlyList<LoadedAccount>> AccountsAsync(
        IReadOnlyList<(OrganizationId Organization, string Connection)> places, string prefix, int count, IReadOnlyList<Grant> grants, Func<int, DateTimeOffset?> due, CancellationToken cancellationToken)
    {
        var made = new LoadedAccount[count];
        await System.Threading.Tasks.Parallel.ForEachAsync(Enumerable.Range(0, count), Options(cancellationToken), async (i, cancel) =>
        {
            var (organization, connection) = places[i % places.Count];
            var (id, now, grant) = (world.Ids.NewAccount(), DateTimeOffset.UtcNow, i < grants.Count ? grants[i] : Nobody);
            var key = new AccountKey(organization, new UserId(prefix + i), Name);
            var dueAt = due(i) ?? now.AddDays(30);
            using var secrets = new GrantSecrets { AccessToken = Secret.From(grant.AccessToken), RefreshToken = Secret.From(grant.RefreshToken) };
            var held = await world.Keyring.HoldActiveAsync(organization, cancel);
            using var sealing = held.Value;
            var state = new AccountState
            {
                Status = AccountStatus.Active, Generation = 1, GrantedScopes = [.. grant.Scope.Split(' ')],
                // A token of an hour, so that it is due the whole margin before its end.
                Grant = new GrantFacts(dueAt + ScaleCourse.Margin - TimeSpan.FromHours(1), dueAt + ScaleCourse.Margin, true, null, now),
            };
            var row = new AccountRow(id, key, connection, Provider, 1, state, world.Sealing.SealGrant(sealing, id, 1, secrets), null, 0, dueAt, now, now);
            Written(await world.Store.Accounts.InsertAsync(row, GateCheck.None, [], cancel));
            made[i] = new LoadedAccount(key, id, due(i));
        });
        return made;
    }

    private static ParallelOptions Options(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };

    private static void Written(WriteOutcome outcome)
    {
        if (outcome != WriteOutcome.Written) throw new BenchException($"The store answered {outcome} while loading.");
    }
}
