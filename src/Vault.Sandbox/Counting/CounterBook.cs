using System.Collections.Concurrent;

namespace Vault.Sandbox.Counting;

/// <summary>
/// Lock-free counters. A reset swaps the page, so a concurrent request may still count on the old one.
/// </summary>
internal sealed class CounterBook
{
    private volatile Page _page = new();
    private int _inToken;

    public void Add(Count count, string? clientId = null)
    {
        var page = _page;
        page.Total.Add(count);
        if (clientId is not null)
        {
            page.Clients.GetOrAdd(clientId, static _ => new Cells()).Add(count);
        }
    }

    public void AddApiCall(string path, string? subject, string? clientId)
    {
        Add(Count.ApiCalls, clientId);
        var page = _page;
        page.Paths.GetOrAdd(path, static _ => new Cell()).Add();
        if (subject is not null)
        {
            page.Subjects.GetOrAdd(subject, static _ => new Cell()).Add();
        }
    }

    public void ObserveConcurrency(int inFlight) => Raise(ref _page.MaxInFlight, inFlight);

    /// <summary>Call when a token request begins; end it with <see cref="LeaveToken"/>.</summary>
    public void EnterToken() => Raise(ref _page.MaxInFlightOfAll, Interlocked.Increment(ref _inToken));

    public void LeaveToken() => Interlocked.Decrement(ref _inToken);

    public void AddUnhandledError() => Interlocked.Increment(ref _page.UnhandledErrors);

    public void Reset() => _page = new Page();

    public CounterSnapshot Snapshot()
    {
        var page = _page;
        return page.Total.Fill(
            new CounterSnapshot
            {
                Clients = page.Clients.ToDictionary(
                    static p => p.Key,
                    static p => p.Value.Fill(new CounterTotals()),
                    StringComparer.Ordinal
                ),
                ApiCallsByPath = page.Paths.ToDictionary(
                    static p => p.Key,
                    static p => p.Value.Value,
                    StringComparer.Ordinal
                ),
                ApiCallsBySubject = page.Subjects.ToDictionary(
                    static p => p.Key,
                    static p => p.Value.Value,
                    StringComparer.Ordinal
                ),
                MaxConcurrentTokenCallsPerGrant = Volatile.Read(ref page.MaxInFlight),
                MaxConcurrentTokenCalls = Volatile.Read(ref page.MaxInFlightOfAll),
                UnhandledErrors = Interlocked.Read(ref page.UnhandledErrors),
            }
        );
    }

    private static void Raise(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
            {
                return;
            }
        }
    }

    private sealed class Page
    {
        public int MaxInFlight;
        public int MaxInFlightOfAll;
        public long UnhandledErrors;

        public Cells Total { get; } = new();

        public ConcurrentDictionary<string, Cells> Clients { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, Cell> Paths { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, Cell> Subjects { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Cell
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Add() => Interlocked.Increment(ref _value);
    }

    private sealed class Cells
    {
        private readonly long[] _values = new long[Enum.GetValues<Count>().Length];

        public void Add(Count count) => Interlocked.Increment(ref _values[(int)count]);

        public T Fill<T>(T totals)
            where T : CounterTotals =>
            (T)(
                totals with
                {
                    AuthorizeHits = Of(Count.AuthorizeHits),
                    ConsentsAllowed = Of(Count.ConsentsAllowed),
                    ConsentsDenied = Of(Count.ConsentsDenied),
                    TokenRequests = Of(Count.TokenRequests),
                    CodeExchanges = Of(Count.CodeExchanges),
                    CodeReplays = Of(Count.CodeReplays),
                    Refreshes = Of(Count.Refreshes),
                    RefreshReplays = Of(Count.RefreshReplays),
                    RefreshGraceReuses = Of(Count.RefreshGraceReuses),
                    RefreshesRefused = Of(Count.RefreshesRefused),
                    FamiliesKilled = Of(Count.FamiliesKilled),
                    ClientCredentialsMints = Of(Count.ClientCredentialsMints),
                    JwtBearerMints = Of(Count.JwtBearerMints),
                    Revocations = Of(Count.Revocations),
                    Introspections = Of(Count.Introspections),
                    ApiCalls = Of(Count.ApiCalls),
                    ApiCallsExpiredToken = Of(Count.ApiCallsExpiredToken),
                    ApiCallsRevokedToken = Of(Count.ApiCallsRevokedToken),
                    ApiCallsRefusedEarly = Of(Count.ApiCallsRefusedEarly),
                    ApiCallsUnknownToken = Of(Count.ApiCallsUnknownToken),
                    IdempotentDuplicates = Of(Count.IdempotentDuplicates),
                    ClientAuthFailures = Of(Count.ClientAuthFailures),
                }
            );

        private long Of(Count count) => Interlocked.Read(ref _values[(int)count]);
    }
}
