namespace Vault.Storage.Schema;

/// <summary>The database was migrated by a newer program; going on could destroy what this one does not know.</summary>
public sealed class SchemaTooNewException(int database, int program)
    : Exception(
        $"The database has schema version {database}; this program knows versions up to {program}. Start a newer program, or restore an older backup."
    );
