using System.Collections.Immutable;
using Vault.Benchmarks.Rig;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Persistence;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Benchmarks.Scale;

/// <summary>An account that was loaded, and when it is due.</summary>
internal sealed record LoadedAccount(AccountKey Key, AccountId Id, DateTimeOffset? DueAt);

/// <summary>
/// Fills organizations with connections and accounts, each sealed under its organization's key and written by the
/// product's own store: accounts many to a transaction.
/// </summary>
internal sealed class ScaleLoader(ScaleWorld world, string upstream)
{
    private const int Parallel = 8;
    private const int Batch = 200;
    private const string Provider = "sandbox_single_use";

    /// <summary>Every URL of the sandbox is at the upstream.</summary>
    private Destinations Origins { get; } = Destinations.Of([Destinations.OriginOf(new Uri(upstream))]);
    private static readonly ConnectionName Name = new("sandbox");
    private static readonly Grant Nobody = new(
        "at-of-nobody-" + new string('0', 40),
        "rt-of-nobody-" + new string('0', 40),
        "read:items"
    );

    public async Task<IReadOnlyList<(OrganizationId Organization, string Connection)>> OrganizationsAsync(
        int count,
        CancellationToken cancellationToken
    )
    {
        var made = new (OrganizationId, string)[count];
        await System.Threading.Tasks.Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            Options(cancellationToken),
            async (i, cancel) =>
            {
                var (id, connection, now) = (
                    world.Ids.NewOrganization(),
                    world.Ids.NewConnection(),
                    DateTimeOffset.UtcNow
                );
                var state = new OrganizationState { Status = OrganizationStatus.Active, Gate = new Gate(true, 1) };
                Written(
                    await world.Store.Organizations.InsertAsync(
                        new OrganizationRow(id, "Organization " + i, null, 1, state, now, now),
                        [],
                        cancel
                    )
                );
                using var secret = Secret.From("demo-secret");
                var blob = await world.Sealer.SealAsync(
                    secret,
                    SealContext.ClientSecret(id, connection, 1).BoundTo(Origins),
                    cancel
                );
                var settings = new ConnectionSettings
                {
                    ClientId = "demo-client",
                    Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("base_url", upstream),
                };
                Written(
                    await world.Store.Connections.InsertAsync(
                        new ConnectionRow(connection, id, Name, Provider, 1, settings, blob.Value, 1, now, now),
                        GateCheck.None,
                        [],
                        cancel
                    )
                );
                made[i] = (id, connection);
            }
        );
        return made;
    }

    /// <param name="places">Organizations, in turn.</param>
    /// <param name="grants">Of the upstream, one per account; where they end the rest gets one that nobody
    /// knows.</param>
    /// <param name="due">When the account of an index is due; null for in a month.</param>
    /// <param name="ends">When the access token of an account ends; null for the margin after it is due.</param>
    /// <returns>Those that have a grant of the upstream; of the others nothing is kept.</returns>
    public async Task<IReadOnlyList<LoadedAccount>> AccountsAsync(
        IReadOnlyList<(OrganizationId Organization, string Connection)> places,
        string prefix,
        int count,
        IReadOnlyList<Grant> grants,
        Func<int, DateTimeOffset?> due,
        DateTimeOffset? ends,
        CancellationToken cancellationToken
    )
    {
        var made = new LoadedAccount[Math.Min(count, grants.Count)];
        // A transaction is one organization's: the accounts of one place, a batch at a time.
        var batches =
            from place in Enumerable.Range(0, Math.Min(places.Count, count))
            from batch in Indices(place, count, places.Count).Chunk(Batch)
            select (Place: places[place], Indices: batch);
        await System.Threading.Tasks.Parallel.ForEachAsync(batches, Options(cancellationToken), async (batch, cancel) =>
        {
            var held = await world.Keyring.HoldActiveAsync(batch.Place.Organization, cancel);
            using var sealing = held.Value;
            var rows = batch
                .Indices.Select(i =>
                    Row(batch.Place, prefix + i, i < grants.Count ? grants[i] : Nobody, due(i), ends, sealing)
                )
                .ToList();
            if (await world.InsertAsync(rows, cancel) != rows.Count)
                throw new BenchException("An account that was loaded was there already.");
            foreach (var (row, i) in rows.Zip(batch.Indices))
                if (i < made.Length)
                    made[i] = new LoadedAccount(row.Key, row.Id, due(i));
        });
        return made;
    }

    private static IEnumerable<int> Indices(int first, int count, int step)
    {
        for (var i = first; i < count; i += step)
            yield return i;
    }

    private AccountRow Row(
        (OrganizationId Organization, string Connection) place,
        string user,
        Grant grant,
        DateTimeOffset? due,
        DateTimeOffset? ends,
        SealingKey sealing
    )
    {
        var (id, now) = (world.Ids.NewAccount(), DateTimeOffset.UtcNow);
        var dueAt = due ?? now.AddDays(30);
        var end = ends ?? dueAt + ScaleCourse.Margin;
        using var secrets = new GrantTokens
        {
            AccessToken = Secret.From(grant.AccessToken),
            RefreshToken = Secret.From(grant.RefreshToken),
        };
        // A token of an hour, so that it is due the whole margin before its end.
        var state = new AccountState
        {
            Status = AccountStatus.Active,
            Generation = 1,
            GrantedScopes = [.. grant.Scope.Split(' ')],
            Grant = new GrantFacts(end - TimeSpan.FromHours(1), end, true, null, now),
        };
        return new AccountRow(
            id,
            new AccountKey(place.Organization, new UserId(user), Name),
            place.Connection,
            Provider,
            1,
            state,
            world.Sealing.SealGrant(sealing, id, 1, secrets, Origins),
            null,
            0,
            dueAt,
            now,
            now
        );
    }

    private static ParallelOptions Options(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };

    private static void Written(WriteOutcome outcome)
    {
        if (outcome != WriteOutcome.Written)
            throw new BenchException($"The store answered {outcome} while loading.");
    }
}
