using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.OAuth;

namespace Vault.Core.Refresh;

/// <summary>
/// Detects that the refreshes of one connection fail alike: then the provider or the client has a fault, not each of
/// the
/// grants. While it lasts no account is lowered for that answer, and only one refresh of the connection in a while is
/// sent
/// to see whether it is over. It is kept per process, because each process sees a share of the accounts.
/// </summary>
public sealed class ProviderIncidents(TimeProvider time, IAccountObserver observer)
{
    /// <summary>The last failure of an account that an incident holds back.</summary>
    public const string Failure = "provider_incident";

    /// <summary>The number of accounts that must fail alike; fewer can be chance.</summary>
    public const int MinAccounts = 6;

    /// <summary>The part of the refreshes that must fail alike.</summary>
    public const double Share = 0.2;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(30);

    // What lasts longer than a day is no incident: the grants are dead.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<string, Watch> _connections = new(StringComparer.Ordinal);

    /// <summary>How long a refresh of the connection must wait; null to send it.</summary>
    public TimeSpan? Hold(string connectionId)
    {
        if (!_connections.TryGetValue(connectionId, out var watch))
            return null;
        var now = time.GetUtcNow();
        lock (watch)
        {
            if (watch.Alike(now) is null)
                return null;
            if (watch.NextTry > now)
                return watch.NextTry - now;
            watch.NextTry = now + Between;
            return null;
        }
    }

    /// <summary>
    /// Records the reply, and returns what it means: during an incident an answer that everybody gets says nothing
    /// about
    /// one grant.
    /// </summary>
    public TokenReply Classify(AccountRow row, TokenReply reply)
    {
        ArgumentNullException.ThrowIfNull(row);
        var failure = FailureOf(reply);
        var watch = _connections.GetOrAdd(row.ConnectionId, _ => new Watch());
        var now = time.GetUtcNow();
        lock (watch)
        {
            watch.Add(now, row.Key.ToString(), failure);
            var alike = watch.Alike(now);
            if (alike is null)
                watch.Since = null;
            else if (watch.Since is null)
            {
                watch.Since = now;
                watch.NextTry = now + Between;
                observer.IncidentBegan(row.Provider, row.ConnectionId, alike);
            }

            if (failure is null || failure != alike || now - watch.Since > Longest)
                return reply;
        }

        return reply switch
        {
            TokenReply.GrantDead => new TokenReply.NotActed(Failure, Between),
            TokenReply.NotActed r => r with { Failure = Failure, Refused = false },
            TokenReply.ClientRefused { Unexplained: true } r => r with { Unexplained = false },
            _ => reply,
        };
    }

    private static string? FailureOf(TokenReply reply) =>
        reply switch
        {
            TokenReply.GrantDead r => r.Failure,
            TokenReply.NotActed r => r.Failure,
            TokenReply.MayHaveActed r => r.Failure,
            TokenReply.ClientRefused r => r.Failure,
            _ => null,
        };

    /// <summary>The last result of each account within the window. The caller locks.</summary>
    private sealed class Watch
    {
        private const int MaxAccounts = 1_000;
        private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
        private readonly Dictionary<string, (DateTimeOffset At, string? Failure)> _last = new(StringComparer.Ordinal);

        public DateTimeOffset? Since { get; set; }

        public DateTimeOffset NextTry { get; set; }

        public void Add(DateTimeOffset now, string account, string? failure)
        {
            if (_last.Count >= MaxAccounts && !_last.ContainsKey(account))
                _last.Remove(_last.MinBy(l => l.Value.At).Key);
            _last[account] = (now, failure);

            // A success shows that it is over for those who failed before it.
            if (failure is null)
                foreach (
                    var (other, _) in _last.Where(l => l.Value.Failure is not null && l.Value.At < now - Fresh).ToList()
                )
                    _last.Remove(other);
        }

        public string? Alike(DateTimeOffset now)
        {
            foreach (var (account, _) in _last.Where(l => l.Value.At < now - Window).ToList())
                _last.Remove(account);
            return _last
                .Values.Where(l => l.Failure is not null)
                .GroupBy(l => l.Failure, StringComparer.Ordinal)
                .Where(g => g.Count() >= MinAccounts && g.Count() > _last.Count * Share)
                .Select(g => g.Key)
                .FirstOrDefault();
        }
    }
}
