using Vault.Storage.Schema;
using Vault.Storage.Sql;

namespace Vault.Storage.Sqlite;

internal static class SqliteMigrator
{
    /// <summary>
    /// Migrates the file to this program's schema. The write lock is held from the read of the version to the commit,
    /// so two starting hosts cannot both migrate.
    /// </summary>
    public static void Migrate(SqliteSession session)
    {
        session.Run("begin immediate");
        try
        {
            session.Run(
                "create table if not exists schema_version (version integer primary key, name text not null) strict"
            );
            var current = session.Read(new Statement("select coalesce(max(version), 0) from schema_version"), r =>
                (int)r.GetInt64(0)
            )[0];
            foreach (var step in Migrations.After(Migrations.Of("sqlite"), current))
            {
                session.Run(step.Sql);
                session.Execute(
                    new Statement("insert into schema_version (version, name) values (@version, @name)")
                        .Integer("version", step.Version)
                        .Text("name", step.Name)
                );
            }

            session.Run("commit");
        }
        catch
        {
            session.Run("rollback");
            throw;
        }
    }
}
