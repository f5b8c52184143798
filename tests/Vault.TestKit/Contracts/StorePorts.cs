using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Execution;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Scopes;
using Vault.Core.Sealing;
using Vault.TestKit.Memory;
using Vault.TestKit.Sealing;

namespace Vault.TestKit.Contracts;

/// <summary>The ports of the store under test, and a way to close it.</summary>
public sealed class StorePorts : IAsyncDisposable
{
    public required IAccountStore Accounts { get; init; }

    public required IRefreshNotes RefreshNotes { get; init; }

    public required IOrganizationStore Organizations { get; init; }

    public required IConnectionStore Connections { get; init; }

    public required IApiKeyStore ApiKeys { get; init; }

    public required ILinkStore Links { get; init; }

    public required IIdempotencyStore Idempotency { get; init; }

    public required IOutputStore Outputs { get; init; }

    public required IApprovalStore Approvals { get; init; }

    public required IPackStore Packs { get; init; }

    public required IScopeUseStore ScopeUses { get; init; }

    public required IOrganizationKeyStore Keys { get; init; }

    public required IKeyRotationStore KeyRotations { get; init; }

    public required ILedgerStore Ledger { get; init; }

    public IResealSource Sealed { get; init; } = new InMemorySealedRows();

    public Func<ValueTask> Close { get; init; } = () => ValueTask.CompletedTask;

    public static StorePorts Of(MemoryStore store) =>
        new()
        {
            Accounts = store.Accounts,
            RefreshNotes = store.RefreshNotes,
            Organizations = store.Organizations,
            Connections = store.Connections,
            ApiKeys = store.ApiKeys,
            Links = store.Links,
            Idempotency = store.Idempotency,
            Outputs = store.Outputs,
            Approvals = store.Approvals,
            Packs = store.Packs,
            ScopeUses = store.ScopeUses,
            Keys = new InMemoryOrganizationKeyStore(),
            KeyRotations = new InMemoryKeyRotationStore(store),
            Ledger = store.Ledger,
        };

    public ValueTask DisposeAsync() => Close();
}
