using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Postgres;

public sealed class PostgresAccountStoreTests(PostgresFixture database)
    : AccountStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresOrganizationStoreTests(PostgresFixture database)
    : OrganizationStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresConnectionStoreTests(PostgresFixture database)
    : ConnectionStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresApiKeyStoreTests(PostgresFixture database)
    : ApiKeyStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresLinkStoreTests(PostgresFixture database) : LinkStoreContract, IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresExecutionStoreTests(PostgresFixture database)
    : ExecutionStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresKeyStoreTests(PostgresFixture database) : KeyStoreContract, IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresLedgerStoreTests(PostgresFixture database)
    : LedgerStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresResealSourceTests(PostgresFixture database)
    : ResealSourceContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresScopeUseStoreTests(PostgresFixture database)
    : ScopeUseStoreContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}

public sealed class PostgresRefreshNotesTests(PostgresFixture database)
    : RefreshNotesContract,
        IClassFixture<PostgresFixture>
{
    protected override Task<StorePorts> OpenAsync() => database.OpenAsync();
}
