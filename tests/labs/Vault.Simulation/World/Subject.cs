using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Simulation;

/// <summary>An account as the judges see it: what has truly happened to its grant.</summary>
internal sealed class Subject(AccountRow start, int family)
{
    public AccountKey Key => start.Key;

    public AccountId Id => start.Id;

    /// <summary>
    /// A loss may have happened at all: a reply never arrived, or a process died that alone knew what became of its
    /// attempt.
    /// </summary>
    public bool MayBeInDoubt { get; set; }

    public bool UserRevoked { get; set; }

    /// <summary>
    /// A process slept past the horizon with a response, and the token was presented again meanwhile. What is promised
    /// of the grant ends there.
    /// </summary>
    public bool SleptOver { get; set; }

    /// <summary>The family whose grant the row holds.</summary>
    public int Family { get; set; } = family;

    public int? RevokedFamily { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Refresh tokens that nobody received.</summary>
    public HashSet<string> Lost { get; } = [];

    /// <summary>Issued to a process, and neither committed nor on a disk: a crash loses it.</summary>
    public Dictionary<string, SimHost> InHand { get; } = [];

    /// <summary>When each refresh token left the provider.</summary>
    public Dictionary<string, DateTimeOffset> IssuedAt { get; } = [];

    /// <summary>Attempts, and the process that made each.</summary>
    public Dictionary<string, string> Attempts { get; } = [];

    /// <summary>Attempts whose reply a spool has promised to keep.</summary>
    public HashSet<string> Promised { get; } = [];

    /// <summary>The generations that were committed.</summary>
    public HashSet<long> Generations { get; } = [1];

    /// <summary>What the ledger says the status is.</summary>
    public AccountStatus LedgerStatus { get; set; } = AccountStatus.Active;

    /// <summary>The pause that was decided after the last failure.</summary>
    public TimeSpan? Pause { get; set; }

    /// <summary>The refresh call that runs now: who sent it, and when it ends at the latest, in true time.</summary>
    public (SimHost Host, int Life, string Token, DateTimeOffset End)? Refreshing { get; set; }

    /// <summary>Writes of executions that reached the API.</summary>
    public List<string> Acted { get; } = [];
}
