using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Sqlite;

public sealed class SqliteAccountStoreTests : AccountStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteOrganizationStoreTests : OrganizationStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteConnectionStoreTests : ConnectionStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteApiKeyStoreTests : ApiKeyStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteLinkStoreTests : LinkStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteExecutionStoreTests : ExecutionStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteKeyStoreTests : KeyStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteLedgerStoreTests : LedgerStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteResealSourceTests : ResealSourceContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteScopeUseStoreTests : ScopeUseStoreContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}

public sealed class SqliteRefreshNotesTests : RefreshNotesContract
{
    protected override Task<StorePorts> OpenAsync() => SqliteFolder.PortsAsync();
}
