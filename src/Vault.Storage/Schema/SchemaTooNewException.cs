namespace Vault.Storage.Schema;

/// <summary>
/// A newer program has migrated the database. This program refuses to run, because it could damage data it does not
/// know.
/// </summary>
public sealed class SchemaTooNewException(int database, int program)
    : Exception(
        $"The database has schema version {database}; this program knows versions up to {program}. "
            + "Start a newer program, or restore an older backup."
    );
