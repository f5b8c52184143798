using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>Events for metrics and logs; never a credential.</summary>
public interface IAccountObserver
{
    void Refreshed(string provider, AccountOutcome result);

    void TokenEndpointAnswered(string provider, string reply, TimeSpan elapsed);

    /// <param name="tookOver">An earlier attempt's lease had lapsed.</param>
    void LeaseTaken(bool tookOver);

    /// <param name="durable">False: neither the store nor the spool could take it, and the grant is lost if the
    /// process ends.</param>
    void ReplySpooled(bool durable);

    /// <summary>A refresh token in doubt was presented once more.</summary>
    /// <param name="granted">The provider gave a new grant: it had not acted before.</param>
    /// <param name="reused">The provider refused it: it had.</param>
    void PresentedAgain(string provider, bool granted, bool reused);

    /// <summary>The provider gets no more tokens in doubt until an operator resumes it.</summary>
    void PresentingStopped(string provider);

    /// <summary>The refreshes of a connection fail alike; reported once for each incident.</summary>
    void IncidentBegan(string provider, string connectionId, string failure);

    void Executed(string tool, string outcome, TimeSpan total, TimeSpan upstream);

    void Failed(string what, AccountKey? key, Exception exception);

    static IAccountObserver None { get; } = new Nothing();

    private sealed class Nothing : IAccountObserver
    {
        public void Refreshed(string provider, AccountOutcome result) { }

        public void TokenEndpointAnswered(string provider, string reply, TimeSpan elapsed) { }

        public void LeaseTaken(bool tookOver) { }

        public void ReplySpooled(bool durable) { }

        public void PresentedAgain(string provider, bool granted, bool reused) { }

        public void PresentingStopped(string provider) { }

        public void IncidentBegan(string provider, string connectionId, string failure) { }

        public void Executed(string tool, string outcome, TimeSpan total, TimeSpan upstream) { }

        public void Failed(string what, AccountKey? key, Exception exception) { }
    }
}
