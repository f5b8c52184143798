using Vault.Core.Ledger;
using Vault.TestKit;
using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests;

internal static class StoreUnderTest
{
    public static LedgerEntryWriter EntryWriter() => new(new SeededEntropy(11));

    public static StorePorts Ports(VaultStore store, Func<ValueTask> close) =>
        new()
        {
            Accounts = store.Accounts,
            Organizations = store.Organizations,
            Connections = store.Connections,
            ApiKeys = store.ApiKeys,
            Links = store.Links,
            Idempotency = store.Idempotency,
            Outputs = store.Outputs,
            Approvals = store.Approvals,
            Packs = store.Packs,
            RefreshNotes = store.RefreshNotes,
            ScopeUses = store.ScopeUses,
            Keys = store.Keys,
            KeyRotations = store.KeyRotations,
            Ledger = store.Ledger,
            Sealed = store.Sealed,
            Close = close,
        };
}
