using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// One cluster with the suite's own options for all worlds, and one for each world that asks for others.
/// </summary>
internal sealed class HostPool(Func<IReadOnlyList<string>, bool, Task<SharedHosts>> start)
{
    private readonly List<SharedHosts> _all = [];
    private SharedHosts? _usual;

    public async Task<World> WorldAsync(string[] options)
    {
        if (options.Length == 0 && _usual is not null)
            return await World.OnAsync(_usual);
        var hosts = await start(Arguments(options), options.Length > 0);
        _all.Add(hosts);
        if (options.Length == 0)
            _usual = hosts;
        return await World.OnAsync(hosts);
    }

    public async Task StopAsync()
    {
        foreach (var hosts in _all)
            await hosts.DisposeAsync();
    }

    // Three silos, a provider and PostgreSQL share the machine: a freshness lease as in production rather than the
    // short one of the worlds on one silo.
    private static List<string> Arguments(string[] options)
    {
        List<string> all =
        [
            "--freshness-lease-ms",
            "2000",
            "--sweep-interval-ms",
            "500",
            "--refresh-shards",
            "8",
            .. World.Calm,
        ];
        for (var i = 0; i < options.Length; i += 2)
        {
            if (all.IndexOf(options[i]) is >= 0 and var at)
                all[at + 1] = options[i + 1];
            else
                all.AddRange([options[i], options[i + 1]]);
        }

        return all;
    }
}
