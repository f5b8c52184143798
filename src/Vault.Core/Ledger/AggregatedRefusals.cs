using System.Collections.Concurrent;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Keeps one key from filling a ledger with refused executions, which cost it nothing: of each key and minute the first
/// ones have entries of their own, the others are counted in one entry by error code. Nothing was executed, so a crash
/// that loses a count loses no act. Every other entry passes through.
/// </summary>
public sealed class AggregatedRefusals(ILedger ledger, IdFactory ids, TimeProvider time) : ILedger, IAsyncDisposable
{
    /// <summary>How many refused executions of a key have their own entry in a minute.</summary>
    public const int OwnPerMinute = 20;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(OrganizationId Organization, string Caller), Counted> _windows = new();

    public ValueTask<VaultError?> AppendAsync(LedgerDraft draft, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return draft.Type != LedgerEvents.ExecutionRefused || HasOwn(draft)
            ? ledger.AppendAsync(draft, cancellationToken)
            : default;
    }

    /// <summary>Writes the counts of the minutes that have ended; at the end of the process, of all.</summary>
    public async Task FlushAsync(bool all, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (key, window) in _windows)
        {
            if (!all && now - window.Began < Window && now >= window.Began)
                continue;
            _windows.TryRemove(new KeyValuePair<(OrganizationId, string), Counted>(key, window));
            KeyValuePair<string, long>[] counts;
            lock (window)
            {
                // A refusal that still holds this window sees that it is closed and takes the next one.
                window.Closed = true;
                counts = [.. window.Omitted];
            }

            if (counts.Length > 0)
                await ledger
                    .AppendAsync(
                        LedgerEntries.Refusals(ids, now, key.Caller, key.Organization, window.Began, counts),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync() => await FlushAsync(all: true, CancellationToken.None).ConfigureAwait(false);

    private bool HasOwn(LedgerDraft draft)
    {
        while (true)
        {
            var window = _windows.GetOrAdd(
                (draft.Organization, draft.Caller),
                static (_, now) => new Counted(now),
                time.GetUtcNow()
            );
            lock (window)
            {
                if (window.Closed)
                    continue;
                if (window.Own < OwnPerMinute)
                {
                    window.Own++;
                    return true;
                }

                var code = draft.ErrorCode ?? "none";
                window.Omitted[code] = window.Omitted.GetValueOrDefault(code) + 1;
                return false;
            }
        }
    }

    private sealed class Counted(DateTimeOffset began)
    {
        public DateTimeOffset Began { get; } = began;

        public int Own { get; set; }

        public bool Closed { get; set; }

        // At most as many as there are error codes.
        public Dictionary<string, long> Omitted { get; } = new(StringComparer.Ordinal);
    }
}
