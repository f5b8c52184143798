using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;

namespace Vault.Simulation;

/// <summary>
/// One schedule: machines, the store they share, the provider, and time. Everything runs on one thread, one step at a
/// time; which step comes next is drawn from the seed. Parts: calls and their ends here, steps in World.Steps, how it
/// comes to rest in World.Settling, what is promised in World.Oracles.
/// </summary>
internal sealed partial class World
{
    private readonly List<string>? _told;
    private readonly Dictionary<string, int> _families = [];
    private readonly Dictionary<string, Subject> _executions = [];

    public World(Scene scene, ulong seed, Bug bug, bool verbose)
    {
        (Scene, Seed, Bug, Now) = (scene, seed, bug, Scene.Origin);
        if (verbose)
            _told = [];
        Dice = new Dice(seed);
        Plan = Plan.Draw(Dice);

        // Drawn from the seed itself, so that all other schedules stay what they were.
        if (seed % 16 == 5)
            Plan = Plan with { KeysLeave = true, Budget = Plan.Budget + 1 };
        (Packs, Clients) = scene.PacksFor(Plan.Rotation, Plan.Grace);
        Provider = new StrictProvider(Plan.Rotation, Plan.Grace);
        Store = new MemoryStore(new DiceEntropy(seed ^ 0x5357, constant: false));
        Scene.Wait(Store.Organizations.InsertAsync(scene.Organization, [], default));
        for (var i = 0; i < Plan.Accounts; i++)
        {
            Note(Provider.Consent(), i);
            Subjects.Add(new Subject(scene.Start[i], i));
            Scene.Wait(Store.Accounts.InsertAsync(scene.Start[i], GateCheck.None, [], default));
        }

        Hosts = [.. Enumerable.Range(0, Plan.Hosts).Select(i => new SimHost(this, i))];
        if (Plan.Allows(Trouble.Clocks))
            foreach (var host in Hosts)
                host.ClockError = AnyError();
        Budget = Plan.Budget;
        Tell(() => $"seed {seed}: {Plan}");
    }

    public Scene Scene { get; }

    public ulong Seed { get; }

    public Bug Bug { get; }

    public Dice Dice { get; }

    public Plan Plan { get; }

    public AcmePacks Packs { get; }

    public TokenClients Clients { get; }

    public LifecycleOptions Lifecycle { get; } = new();

    public DateTimeOffset Now { get; private set; }

    public MemoryStore Store { get; }

    public StrictProvider Provider { get; }

    public IReadOnlyList<SimHost> Hosts { get; }

    public List<Subject> Subjects { get; } = [];

    public List<Call> Calls { get; } = [];

    public List<SimTimer> Timers { get; } = [];

    /// <summary>Executions whose beginning is durably in the ledger.</summary>
    public HashSet<string> Started { get; } = [];

    public DateTimeOffset? ShutAt { get; set; }

    public bool KeysAreAway => Now < _keysAwayUntil;

    public int Budget { get; private set; }

    public int Steps { get; private set; }

    /// <summary>The promise that was broken; null while all hold.</summary>
    public string? Broken { get; private set; }

    public IReadOnlyList<string> Told => _told ?? [];

    public Subject Of(AccountKey key) => Subjects.Count == 1 ? Subjects[0] : Subjects.First(s => s.Key == key);

    public AccountRow RowOf(Subject subject) => Scene.Wait(Store.Accounts.FindAsync(subject.Key, default))!.Row;

    public int FamilyOf(string token) => _families.GetValueOrDefault(token, -1);

    public Subject OfToken(string token) => Subjects.Count == 1 ? Subjects[0] : Subjects[FamilyOf(token)];

    public void Note(Issued issued, int family)
    {
        if (issued.AccessToken is { } access)
            _families[access] = family;
        if (issued.RefreshToken is { } refresh)
            _families[refresh] = family;
    }

    public Issued Consent(Subject subject)
    {
        var issued = Provider.Consent();
        Note(issued, Subjects.Count == 1 ? _consents++ + 1 : Subjects.IndexOf(subject));
        return issued;
    }

    private int _consents;

    public void Begins(SimHost host, string execution, Subject subject) => _executions[execution] = subject;

    public Subject Underway(SimHost host, string execution) => _executions[execution];

    public bool EarlyUnauthorized() => Plan.Allows(Trouble.EarlyUnauthorized) && !Settling && Dice.Chance(20);

    public AccountRow WithoutRefreshToken(AccountRow row)
    {
        using var grant = Scene.Open(row);
        using var bare = new GrantTokens { AccessToken = Secret.From(grant!.AccessToken.RevealText()) };
        using var key = Scene.Wait(Scene.Keyring.HoldActiveAsync(row.Key.Organization, default).AsTask()).Value;
        return row with
        {
            Grant = Scene.Sealing.SealGrant(key, row.Id, row.State.Generation, bare, Scene.Origins),
            State = row.State with { Grant = row.State.Grant! with { HasRefreshToken = false } },
        };
    }

    /// <summary>A call goes on its way; it comes back when the scheduler lets it.</summary>
    public async Task<T> CallAsync<T>(
        SimHost host,
        Peer peer,
        string what,
        Subject? subject,
        Func<object?> act,
        DateTimeOffset? end = null
    )
    {
        var call = new Call(host, peer, what, subject, act, end);
        Calls.Add(call);
        return (T)(await call.Done.Task)!;
    }

    public void Tell(Func<string> what) => _told?.Add($"{(Now - Scene.Origin).TotalSeconds, 9:0.000} s      {what()}");

    private void Say(Func<string> what) => _told?.Add($"{(Now - Scene.Origin).TotalSeconds, 9:0.000} s  {what()}");

    public void Break(string rule)
    {
        if (Broken is not null)
            return;
        Broken = rule;
        Say(() => "BROKEN: " + rule);
    }

    private TimeSpan AnyError() =>
        TimeSpan.FromMilliseconds(Dice.Below((int)Lifecycle.ClockSkew.TotalMilliseconds + 1));

    private void End(Call call, object? result)
    {
        Calls.Remove(call);
        if (
            call.Subject is { } subject
            && call.Peer == Peer.TokenEndpoint
            && subject.Refreshing is { } now
            && now.Host == call.Host
        )
            subject.Refreshing = null;
        call.Done.SetResult(result);
    }

    private void Fail(Call call, bool mayHaveCommitted)
    {
        Calls.Remove(call);
        call.Done.SetException(
            new StoreUnavailableException(mayHaveCommitted ? "unanswered" : "refused", mayHaveCommitted)
        );
    }
}
