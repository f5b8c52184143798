using Microsoft.Extensions.Time.Testing;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.TestKit;
using Vault.TestKit.Ledger;

namespace Vault.Core.Tests.Ledger;

/// <summary>
/// A ledger over a store in memory. Drafts carry a fixed time; the writer runs on the real clock, with short pauses and
/// generous limits.
/// </summary>
public sealed class LedgerBench
{
    public static readonly OrganizationId Acme = new("org_01hzzzzzzzzzzzzzzzzzzzzzzz");
    public static readonly OrganizationId Globex = new("org_01hyyyyyyyyyyyyyyyyyyyyyyy");
    private readonly List<LedgerWriter> _writers = [];
    private readonly IdFactory _ids;

    public LedgerBench()
    {
        _ids = new IdFactory(Time, Entropy);
        EntryWriter = new LedgerEntryWriter(Entropy);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public SeededEntropy Entropy { get; } = new();

    public InMemoryLedgerStore Store { get; } = new();

    public LedgerEntryWriter EntryWriter { get; }

    public List<LedgerRound> Rounds { get; } = [];

    public static LedgerWriterOptions Patient { get; } =
        new()
        {
            FirstPause = TimeSpan.FromMilliseconds(1),
            LongestPause = TimeSpan.FromMilliseconds(5),
            AppendTimeout = TimeSpan.FromMinutes(2),
            AttemptTimeout = TimeSpan.FromMinutes(1),
        };

    /// <summary>For stores that never answer.</summary>
    public static LedgerWriterOptions Impatient { get; } =
        Patient with
        {
            AppendTimeout = TimeSpan.FromMilliseconds(150),
            AttemptTimeout = TimeSpan.FromMilliseconds(50),
        };

    public LedgerWriter NewWriter(LedgerWriterOptions? options = null)
    {
        var writer = new LedgerWriter(Store, EntryWriter, TimeProvider.System, options ?? Patient, round =>
        {
            lock (Rounds)
                Rounds.Add(round);
        });
        _writers.Add(writer);
        return writer;
    }

    public LedgerDraft Draft(
        OrganizationId? organization = null,
        string? user = "user_1",
        string type = LedgerEvents.ExecutionStarted
    ) =>
        new()
        {
            EventId = _ids.NewEvent(),
            Organization = organization ?? Acme,
            Type = type,
            Time = Time.GetUtcNow(),
            Caller = "key_1",
            User = user,
            Agent = "agt_1",
            Tool = "slack_send_message",
            ExecutionId = _ids.NewExecution(),
            Account = "ca_1",
        };

    public async Task FillAsync(int entries, OrganizationId? organization = null)
    {
        var writer = NewWriter();
        for (var i = 0; i < entries; i++)
            Assert.Null(await writer.AppendAsync(Draft(organization, $"user_{i + 1}"), default));
        await writer.DisposeAsync();
    }

    public async ValueTask CloseAsync()
    {
        foreach (var writer in _writers)
            await writer.DisposeAsync();
    }
}
