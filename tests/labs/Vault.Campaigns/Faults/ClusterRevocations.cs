using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// Law 8 with the provider as the judge: from the acknowledgement on, it sees no call, whichever silo is asked and
/// however many were asking.
/// </summary>
internal static class ClusterRevocations
{
    private const int Asked = 24;

    public static async Task<string> RunAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var (late, wrong) = (0L, 0);
        var some = world.Accounts.Take(8).ToList();
        for (var i = 0; i < some.Count; i++)
        {
            var account = some[i];
            var load = Lanes(world, account, 6, cancellationToken, out var stop);
            var body = new { organization_id = world.Organization.Value };
            var acknowledged = await world.PostAsync(
                i % world.Hosts.Count,
                $"/v1/connected_accounts/{account.Id}:revoke",
                body,
                cancellationToken
            );
            var before = Calls();
            if (!acknowledged.IsOk)
                world.Violations.Enqueue($"{account.User} is not revoked: {acknowledged}");
            var answers = await Task.WhenAll(
                Enumerable
                    .Range(0, Asked)
                    .Select(n => world.ExecuteAsync(n % world.Hosts.Count, account, n % 4 == 0, cancellationToken))
            );
            await stop.CancelAsync();
            await load;
            stop.Dispose();
            late += Calls() - before;
            wrong += answers.Count(a => a.Code != "auth_revoked");
            await world.ConnectAsync(account, cancellationToken);

            long Calls() => world.Sandbox.Counters.ApiCallsBySubject.GetValueOrDefault(account.User);
        }

        // The whole organization, with the load of all accounts on it.
        for (var i = 0; i < world.Hosts.Count; i++)
        {
            var acknowledged = await world.PostAsync(
                i,
                $"/v1/organizations/{world.Organization.Value}:suspend",
                new { },
                cancellationToken
            );
            var before = world.Sandbox.Counters.ApiCalls;
            if (!acknowledged.IsOk)
                world.Violations.Enqueue($"the organization is not suspended: {acknowledged}");
            var answers = await Task.WhenAll(
                Enumerable
                    .Range(0, Asked)
                    .Select(n =>
                        world.ExecuteAsync(
                            n % world.Hosts.Count,
                            world.Accounts[n % world.Accounts.Count],
                            n % 4 == 0,
                            cancellationToken
                        )
                    )
            );
            late += world.Sandbox.Counters.ApiCalls - before;
            wrong += answers.Count(a => a.Code != "organization_suspended");
            var open = await world.PostAsync(
                (i + 1) % world.Hosts.Count,
                $"/v1/organizations/{world.Organization.Value}:resume",
                new { },
                cancellationToken
            );
            if (!open.IsOk)
                world.Violations.Enqueue($"the organization is not resumed: {open}");
        }

        if (late > 0)
            world.Violations.Enqueue($"the provider saw {late} calls after an acknowledgement");
        if (wrong > 0)
            world.Violations.Enqueue($"{wrong} executions after an acknowledgement were answered otherwise than by it");
        return $"{some.Count} accounts revoked and {world.Hosts.Count} suspensions; {late} calls at the provider after an acknowledgement";
    }

    private static Task Lanes(
        LabWorld world,
        LabAccount account,
        int lanes,
        CancellationToken cancellationToken,
        out CancellationTokenSource stop
    )
    {
        var source = stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return Task.WhenAll(
            Enumerable
                .Range(0, lanes)
                .Select(async lane =>
                {
                    while (!source.IsCancellationRequested)
                        await world.ExecuteAsync(lane % world.Hosts.Count, account, write: false, cancellationToken);
                })
        );
    }
}
