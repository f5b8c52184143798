using Vault.Core.Identity;

namespace Vault.Providers.Upstream;

/// <summary>
/// The memory that large responses of providers may take in this process, and one organization's share of it. A call
/// takes all that its response can need at once, before it reads on, so no two calls wait for each other; until then
/// the rest of the response stays with the provider, because it is not read.
/// </summary>
public sealed class AnswerBudget
{
    /// <summary>A response up to this size takes nothing: it is no more than what any request needs.</summary>
    public const int Free = 64 * 1024;

    /// <summary>
    /// Bytes of memory per byte of a response, at most about: the buffer and its doubling, the redacted copy, the
    /// parsed
    /// JSON, the sealed copy.
    /// </summary>
    public const int Weight = 5;

    // Of one organization. A reading call beyond them gets a time to retry; a call that has acted waits.
    private const int MaxWaiting = 8;

    private readonly Lock _lock = new();
    private readonly long _total;
    private readonly long _share;
    private readonly Dictionary<OrganizationId, long> _held = [];
    private readonly LinkedList<Waiter> _waiting = [];
    private long _used;

    public AnswerBudget(long total)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, Free);
        (_total, _share) = (total, total / 2);
    }

    /// <summary>Bytes that are taken now.</summary>
    public long Used
    {
        get
        {
            lock (_lock)
                return _used;
        }
    }

    /// <summary>Whether a call of the organization that is sent now would not wait behind others of it.</summary>
    public bool HasRoom(OrganizationId organization)
    {
        lock (_lock)
            return Waiting(organization) == 0;
    }

    /// <summary>Takes the memory for a response, and waits until there is some.</summary>
    /// <param name="organization">Whose call it is.</param>
    /// <param name="bytes">The most that the response can have.</param>
    /// <param name="patient">False: null where too many calls of the organization wait already.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Disposed when the response is gone.</returns>
    public async Task<IDisposable?> TakeAsync(
        OrganizationId organization,
        long bytes,
        bool patient,
        CancellationToken cancellationToken
    )
    {
        // A single response never needs more than a share, or it would wait for ever.
        var needed = Math.Min(bytes * Weight, _share);
        Waiter waiter;
        lock (_lock)
        {
            if (Waiting(organization) == 0 && Fits(organization, needed))
                return Take(organization, needed);
            if (!patient && Waiting(organization) >= MaxWaiting)
                return null;
            waiter = new Waiter(organization, needed);
            _waiting.AddLast(waiter);
        }

        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).Turn.TrySetCanceled(token),
            waiter
        );
        try
        {
            return await waiter.Turn.Task;
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
                _waiting.Remove(waiter);
            throw;
        }
    }

    private int Waiting(OrganizationId organization) => _waiting.Count(w => w.Organization == organization);

    private bool Fits(OrganizationId organization, long needed) =>
        _used + needed <= _total && _held.GetValueOrDefault(organization) + needed <= _share;

    private Lease Take(OrganizationId organization, long needed)
    {
        _used += needed;
        _held[organization] = _held.GetValueOrDefault(organization) + needed;
        return new Lease(this, organization, needed);
    }

    private void Return(OrganizationId organization, long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
            if ((_held[organization] -= bytes) == 0)
                _held.Remove(organization);
            // In their order; one whose organization has used up its share does not hold up the others.
            for (var at = _waiting.First; at is not null; )
            {
                var (next, waiter) = (at.Next, at.Value);
                if (Fits(waiter.Organization, waiter.Needed))
                {
                    _waiting.Remove(at);
                    var lease = Take(waiter.Organization, waiter.Needed);
                    if (!waiter.Turn.TrySetResult(lease))
                        Untake(lease);
                }

                at = next;
            }
        }
    }

    // A waiter that was cancelled at the same moment: what was taken for it is put back.
    private void Untake(Lease lease)
    {
        _used -= lease.Bytes;
        if ((_held[lease.Organization] -= lease.Bytes) == 0)
            _held.Remove(lease.Organization);
    }

    private sealed record Waiter(OrganizationId Organization, long Needed)
    {
        public TaskCompletionSource<IDisposable?> Turn { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Lease(AnswerBudget budget, OrganizationId organization, long bytes) : IDisposable
    {
        private int _returned;

        public OrganizationId Organization => organization;

        public long Bytes => bytes;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
                budget.Return(organization, bytes);
        }
    }
}
