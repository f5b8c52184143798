using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>Entries of one kind have the same fields, because one file assembles them.</summary>
public sealed partial class LedgerEntryTests
{
    [Fact]
    public void Only_one_file_assembles_ledger_entries() =>
        Assert.Equal(
            ["src/Vault.Core/Ledger/LedgerEntries.cs"],
            Repository.Sources("src").Where(f => Assembly().IsMatch(Repository.Read(f)))
        );

    // A draft without an event id does not compile.
    [GeneratedRegex(@"\bEventId = |\bnew LedgerDraft\b")]
    private static partial Regex Assembly();
}
