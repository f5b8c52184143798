using Vault.TestKit.Contracts;
using Vault.TestKit.Memory;

namespace Vault.Storage.Tests.Memory;

public sealed class MemoryAccountStoreTests : AccountStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryOrganizationStoreTests : OrganizationStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryConnectionStoreTests : ConnectionStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryApiKeyStoreTests : ApiKeyStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryLinkStoreTests : LinkStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryExecutionStoreTests : ExecutionStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryKeyStoreTests : KeyStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryLedgerStoreTests : LedgerStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryScopeUseStoreTests : ScopeUseStoreContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}

public sealed class MemoryRefreshNotesTests : RefreshNotesContract
{
    protected override Task<StorePorts> OpenAsync() => Task.FromResult(StorePorts.Of(new MemoryStore()));
}
