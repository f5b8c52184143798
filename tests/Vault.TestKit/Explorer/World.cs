using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.TestKit.Memory;
using Vault.TestKit.Provider;

namespace Vault.TestKit.Explorer;

/// <summary>
/// One schedule of a search, executed from the start: the hosts, the store, the provider and the time. Everything runs
/// on the scheduler's thread, one step at a time. Between two steps every process waits at a port call, so the whole
/// state can be described.
/// </summary>
internal sealed partial class World
{
    private static readonly ConditionalWeakTable<AccountRow, string> Tokens = [];
    private readonly List<string> _log = [];
    private bool _crashed;

    public World(ExplorerOptions options, Scene scene, bool verbose)
    {
        (Options, Scene, Verbose, Now) = (options, scene, verbose, Scene.Origin);
        Provider = new StrictProvider(options.Rotation, options.Grace);
        Provider.Consent();
        Stored = new WorldRow { Row = scene.Start };
        Hosts = [.. Enumerable.Range(0, options.Hosts).Select(i => new WorldHost(this, i, options.Attempts))];
        Revoker = new WorldHost(this, 9, options.Faults.HasFlag(Faults.Revoke) ? 1 : 0);
        Budget = options.FaultBudget;
        Leaps = options.TimeSteps;
    }

    public ExplorerOptions Options { get; }

    public Scene Scene { get; }

    public bool Verbose { get; }

    public DateTimeOffset Now { get; private set; }

    public StrictProvider Provider { get; }

    public WorldRow Stored { get; }

    public IReadOnlyList<WorldHost> Hosts { get; }

    public WorldHost Revoker { get; }

    public AccountKey Key => Scene.Start.Key;

    public int Budget { get; private set; }

    public int Leaps { get; private set; }

    /// <summary>Which folders are drained; the hosts share it.</summary>
    public MemoryRefreshNotes Notes { get; } = new();

    /// <summary>How often a used token was presented again when its grant was lost anyway.</summary>
    public int UselessReplays { get; private set; }

    /// <summary>
    /// A process slept past the horizon with a response, and the token was presented again meanwhile. What is promised
    /// of the grant ends there.
    /// </summary>
    public bool SleptOver { get; private set; }

    /// <summary>When each refresh token left the provider.</summary>
    public Dictionary<string, DateTimeOffset> IssuedAt { get; } = [];

    public DateTimeOffset? RevokedAt { get; set; }

    public DateTimeOffset? ShutAt { get; private set; }

    /// <summary>The number of provider responses that no host received.</summary>
    public int Unknowns { get; set; }

    /// <summary>
    /// Whether the account may report a loss: one may have happened, or the time jumped while a process was waiting or
    /// had an outcome that the store had rejected.
    /// </summary>
    public bool MayDoubt { get; private set; }

    /// <summary>Whether a loss may have happened: a response was lost, or a process crashed.</summary>
    public bool MayHaveLost => _crashed || Unknowns > 0;

    /// <summary>Refresh tokens that the provider issued and no host received.</summary>
    public HashSet<string> Lost { get; } = [];

    public string? Broken { get; private set; }

    /// <summary>The final status, after settling.</summary>
    public string? End { get; private set; }

    public IReadOnlyList<string> Trace => _log;

    private IEnumerable<WorldHost> Everyone => Hosts.Append(Revoker);

    public Task<Turn> TakeTurnAsync(WorldHost host, Port port, string about, DateTimeOffset deadline = default)
    {
        if (host.Ticket is not null)
            throw new InvalidOperationException("A host does one thing at a time.");
        host.Ticket = new Ticket(port, about, deadline);
        return host.Ticket.Source.Task;
    }

    public void Saw(WorldHost host, string what) =>
        host.History = Hash($"{host.History}|{(Now - Scene.Origin).Ticks}|{host.ClockError.Ticks}|{what}");

    /// <summary>
    /// A used token was presented again to a provider that kills its family. That is harmful where a process holds a
    /// token of the family that works, or will find it on its disk, and has not slept past the horizon with it.
    /// </summary>
    public void Replayed(string token, IReadOnlyCollection<string> working)
    {
        var kept = working.Except(Lost).ToList();
        if (kept.Count == 0)
            UselessReplays++;
        else if (kept.TrueForAll(SleptWith))
            SleptOver = true;
        else
            Break($"a harmful replay: {token} is presented again, and {string.Join(", ", kept)} would have lived");
    }

    /// <summary>A process holds the token since before the horizon, or has held it so long before it
    /// committed.</summary>
    private bool SleptWith(string token)
    {
        var slack = Options.Lifecycle.Lease + (Options.Lifecycle.ClockSkew * 2);
        var until = IssuedAt.GetValueOrDefault(token) + Options.Lifecycle.Horizon - slack;
        return token == TokenOf(Stored.Row)
            ? Stored.Row.State.LastRefreshedAt >= until
            : Now >= until && Hosts.Any(h => h.InHand == token || h.Spool.Replies.Count > 0);
    }

    public void Log(string what)
    {
        if (Verbose)
            _log.Add("    " + what);
    }

    public void Break(string rule) => Broken ??= rule;

    public void Lose(WorldHost host)
    {
        if (host.InHand is { } token)
            Lost.Add(token);
        host.InHand = null;
    }

    /// <summary>A host is about to send a refresh token.</summary>
    public void Presenting(WorldHost host, string token)
    {
        var lease = Options.Lifecycle.FreshnessLease;
        if (RevokedAt is { } revoked && Now >= revoked + lease)
            Break($"{host.Name} presents {token} after the revocation was acknowledged");
        if (ShutAt is { } shut && Now >= shut + lease)
            Break($"{host.Name} presents {token} after the closing of the gate was acknowledged");
    }

    public string TokenOf(AccountRow row)
    {
        if (row.Grant is null)
            return "-";
        if (Tokens.TryGetValue(row, out var known))
            return known;
        var opened = Scene.Sealing.OpenGrantAsync(row, default);
        using var grant = opened.IsCompletedSuccessfully
            ? opened.Result.Value
            : throw new InvalidOperationException("The key must be in the cache.");
        var text = grant?.RefreshToken?.RevealText() ?? "-";
        Tokens.AddOrUpdate(row, text);
        return text;
    }

    /// <summary>A hash of the whole state, on which all later steps depend.</summary>
    public UInt128 Fingerprint()
    {
        var text = new StringBuilder(512);
        text.Append(
                CultureInfo.InvariantCulture,
                $"{(Now - Scene.Origin).Ticks}|{Budget}|{Leaps}|{Stored.Gate}|{RevokedAt?.Ticks}|{ShutAt?.Ticks}|"
                    + $"{MayDoubt}|{MayHaveLost}|{SleptOver}|"
            )
            .Append(Canon(Stored.Row, TokenOf(Stored.Row)))
            .Append('|')
            .Append(Provider.Describe(Scene.Origin))
            .Append('|')
            .AppendJoin(',', Notes.Describe())
            .Append('|')
            .AppendJoin(',', Lost.Order());
        foreach (var host in Everyone)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"|{host.Holder}|{host.Attempts}|{host.ClockError.Ticks}|{host.History}|{host.InHand}|"
                    + $"{host.Ticket?.Port}|{host.Ticket?.Deadline.Ticks}|"
            );
            foreach (var reply in host.Spool.Replies)
                text.Append(reply.AttemptId).Append(',');
        }

        return Hash(text.ToString());
    }

    public static string Canon(AccountRow row, string token)
    {
        var s = row.State;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Version};{s.Status};{s.Reason};{s.Generation};{token};{s.Grant?.ObtainedAt.Ticks};"
                + $"{s.Intent?.AttemptId};{s.Intent?.LeaseUntil.Ticks};{InDoubtText(s.Doubt)};{s.Failures};"
                + $"{s.CooldownUntil?.Ticks};{s.Revocation};{s.AccessRejected}"
        );
    }

    private static string InDoubtText(InDoubtAttempts? doubt) =>
        doubt is null
            ? ""
            : string.Join('+', doubt.Attempts.Select(a => a.AttemptId).DefaultIfEmpty(doubt.AttemptId))
                + "@"
                + doubt.FirstSentAt.Ticks.ToString(CultureInfo.InvariantCulture);

    public static string Brief(AccountState s) =>
        $"{s.Status} {s.Reason} g{s.Generation}"
        + (s.Intent is { } i ? " intent of " + i.Holder : "")
        + (s.Doubt is null ? "" : " in doubt")
        + (s.Revocation == UpstreamRevocation.None ? "" : " revocation " + s.Revocation);

    private static UInt128 Hash(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return new UInt128(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]));
    }
}
