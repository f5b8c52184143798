using System.Diagnostics.Metrics;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Host.Observability;

/// <summary>The vault's counters. Labels are providers, tools and outcomes, never users, accounts or secrets.</summary>
public sealed class VaultMetrics : IAccountObserver, IDisposable
{
    public const string MeterName = "Vault";
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _executions;
    private readonly Histogram<double> _executionSeconds;
    private readonly Histogram<double> _upstreamSeconds;
    private readonly Counter<long> _refreshes;
    private readonly Counter<long> _tokenReplies;
    private readonly Histogram<double> _tokenSeconds;
    private readonly Counter<long> _takeovers;
    private readonly Counter<long> _spooled;
    private readonly Counter<long> _presentedAgain;
    private readonly Counter<long> _presentingStopped;
    private readonly Counter<long> _incidents;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _entries;
    private readonly Counter<long> _ledgerFailures;
    private readonly Counter<long> _ledgerConflicts;
    private readonly Histogram<double> _ledgerLag;
    private readonly ILogger<VaultMetrics> _log;
    private long _due;
    private long _blockedRotations;

    public VaultMetrics(ILogger<VaultMetrics> log)
    {
        _log = log;
        _executions = _meter.CreateCounter<long>("vault.executions", description: "Executions by tool and result.");
        _executionSeconds = _meter.CreateHistogram<double>(
            "vault.execution.duration",
            "s",
            "From receipt to response."
        );
        _upstreamSeconds = _meter.CreateHistogram<double>(
            "vault.execution.upstream.duration",
            "s",
            "The part spent at the provider."
        );
        _refreshes = _meter.CreateCounter<long>(
            "vault.refreshes",
            description: "Refresh requests by provider and outcome."
        );
        _tokenReplies = _meter.CreateCounter<long>(
            "vault.token_endpoint.replies",
            description: "Token endpoint responses by provider and kind."
        );
        _tokenSeconds = _meter.CreateHistogram<double>(
            "vault.token_endpoint.duration",
            "s",
            "Duration of calls to token endpoints."
        );
        _takeovers = _meter.CreateCounter<long>(
            "vault.lease.takeovers",
            description: "Refreshes that took over a lapsed lease."
        );
        _spooled = _meter.CreateCounter<long>(
            "vault.replies.spooled",
            description: "Token responses that the store could not write, by whether the spool could."
        );
        _presentedAgain = _meter.CreateCounter<long>(
            "vault.refreshes.presented_again",
            description: "Refresh tokens in doubt that were presented once more, by provider and result."
        );
        _presentingStopped = _meter.CreateCounter<long>(
            "vault.refreshes.presenting_stopped",
            description: "How often a provider gets no more tokens in doubt, because it answered twice that one was used."
        );
        _incidents = _meter.CreateCounter<long>(
            "vault.refreshes.incidents",
            description: "How often the refreshes of a connection began to fail alike."
        );
        _failures = _meter.CreateCounter<long>("vault.failures", description: "Unexpected failures by part.");
        _entries = _meter.CreateCounter<long>("vault.ledger.entries", description: "Ledger entries made durable.");
        _ledgerFailures = _meter.CreateCounter<long>(
            "vault.ledger.failures",
            description: "Ledger transactions that failed."
        );
        _ledgerConflicts = _meter.CreateCounter<long>(
            "vault.ledger.conflicts",
            description: "Ledger transactions that failed because another host had moved the chain's head."
        );
        _ledgerLag = _meter.CreateHistogram<double>(
            "vault.ledger.lag",
            "s",
            "Age of the oldest entry of a transaction when it became durable."
        );
        _meter.CreateObservableGauge(
            "vault.due.backlog",
            () => Volatile.Read(ref _due),
            description: "Due accounts whose refresh has not begun."
        );
        _meter.CreateObservableGauge(
            "vault.key_rotations.blocked",
            () => Volatile.Read(ref _blockedRotations),
            description: "Organizations with a key rotation blocked by rows that cannot be decrypted; every host "
                + "counts all of them."
        );
    }

    /// <summary>Adds a gauge of another component, read when metrics are collected.</summary>
    public void Observe(string name, string description, Func<double> read, string? unit = null) =>
        _meter.CreateObservableGauge(name, read, unit, description);

    public void LedgerCommitted(LedgerRound round)
    {
        _entries.Add(round.Appended);
        if (round.Failed)
            _ledgerFailures.Add(1);
        if (round.Conflicts > 0)
            _ledgerConflicts.Add(round.Conflicts);
        _ledgerLag.Record(round.Lag.TotalSeconds);
    }

    public void DueBacklog(long due) => Volatile.Write(ref _due, due);

    public void KeyRotationsBlocked(int organizations) => Volatile.Write(ref _blockedRotations, organizations);

    public void Refreshed(string provider, AccountOutcome result) =>
        _refreshes.Add(1, new("provider", provider), new("verdict", NameOf(result)));

    public void TokenEndpointAnswered(string provider, string reply, TimeSpan elapsed)
    {
        _tokenReplies.Add(1, new("provider", provider), new KeyValuePair<string, object?>("reply", reply));
        _tokenSeconds.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("provider", provider));
    }

    public void LeaseTaken(bool tookOver)
    {
        if (tookOver)
            _takeovers.Add(1);
    }

    public void ReplySpooled(bool durable)
    {
        _spooled.Add(1, new KeyValuePair<string, object?>("durable", durable));
        if (!durable)
            _log.LogError(
                "A token response could be written neither to the store nor to the spool; the grant is lost if "
                    + "this process ends now"
            );
    }

    public void PresentedAgain(string provider, bool granted, bool reused) =>
        _presentedAgain.Add(
            1,
            new("provider", provider),
            new KeyValuePair<string, object?>(
                "result",
                granted ? "granted"
                    : reused ? "reused"
                    : "no_statement"
            )
        );

    public void PresentingStopped(string provider)
    {
        _presentingStopped.Add(1, new KeyValuePair<string, object?>("provider", provider));
        _log.LogError(
            "Provider {Provider} has answered twice that a refresh token in doubt was used; no more are presented to it "
                + "until an operator resumes it",
            provider
        );
    }

    public void IncidentBegan(string provider, string connectionId, string failure)
    {
        _incidents.Add(1, new KeyValuePair<string, object?>("provider", provider));
        _log.LogError(
            "The refreshes of connection {Connection} of provider {Provider} fail alike ({Failure}); no account is "
                + "lowered for it, and one refresh in a while is sent until it is over",
            connectionId,
            provider,
            failure
        );
    }

    public void Executed(string tool, string outcome, TimeSpan total, TimeSpan upstream)
    {
        _executions.Add(1, new("tool", tool), new KeyValuePair<string, object?>("result", outcome));
        _executionSeconds.Record(total.TotalSeconds);
        if (upstream > TimeSpan.Zero)
            _upstreamSeconds.Record(upstream.TotalSeconds);
    }

    // Logs the exception's type and our stack frame, not its message: a message may quote its input.
    public void Failed(string what, AccountKey? key, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        _failures.Add(1, new KeyValuePair<string, object?>("part", what));
        _log.LogError(
            "{Part} failed for {Organization}: {Exception} at {Place}",
            what,
            key?.Organization.Value,
            exception.GetType().FullName,
            exception.TargetSite?.ToString()
        );
    }

    public void Dispose() => _meter.Dispose();

    private static string NameOf(AccountOutcome result) =>
        result switch
        {
            AccountOutcome.CallTokenEndpoint => "called",
            AccountOutcome.AlreadyFresh => "already_fresh",
            AccountOutcome.HeldByAnother => "held_by_another",
            AccountOutcome.CoolingDown => "cooling_down",
            AccountOutcome.NotUsable => "not_usable",
            AccountOutcome.OutOfDate => "out_of_date",
            AccountOutcome.Changed => "refreshed",
            _ => "nothing",
        };
}
