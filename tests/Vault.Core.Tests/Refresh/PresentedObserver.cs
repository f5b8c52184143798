using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Core.Tests.Refresh;

/// <summary>Counts what became of refresh tokens that were presented once more.</summary>
public sealed class PresentedObserver : IAccountObserver
{
    public List<(bool Granted, bool Reused)> Presented { get; } = [];

    public List<string> Stopped { get; } = [];

    public void PresentedAgain(string provider, bool granted, bool reused) => Presented.Add((granted, reused));

    public void PresentingStopped(string provider) => Stopped.Add(provider);

    public List<string> Incidents { get; } = [];

    public void IncidentBegan(string provider, string connectionId, string failure) => Incidents.Add(failure);

    public void Refreshed(string provider, AccountOutcome result) { }

    public void TokenEndpointAnswered(string provider, string reply, TimeSpan elapsed) { }

    public void LeaseTaken(bool tookOver) { }

    public void ReplySpooled(bool durable) { }

    public void Executed(string tool, string outcome, TimeSpan total, TimeSpan upstream) { }

    public void Failed(string what, AccountKey? key, Exception exception) { }
}
