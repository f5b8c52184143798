using Npgsql;
using Vault.Core.Errors;

namespace Vault.Storage.Postgres;

/// <summary>Classifies the errors of PostgreSQL.</summary>
internal static class PostgresErrors
{
    /// <summary>
    /// The server rolled back the transaction in favour of another one. A retry is safe.
    /// </summary>
    public static bool IsRolledBackRace(Exception e) =>
        e
            is PostgresException
            {
                SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            };

    /// <summary>A unique key was violated. For a table written by compare-and-swap this is a lost race.</summary>
    public static bool IsTaken(Exception e, out string? table)
    {
        table = (e as PostgresException)?.TableName;
        return e is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
    }

    /// <summary>
    /// <c>ledger_extend</c> met an entry that is in its chain, or an outbox row that was taken; it changed nothing.
    /// </summary>
    public static bool IsDoubledEntry(PostgresException e) =>
        e.SqlState == "VL001" || (IsTaken(e, out var table) && table == "ledger_entries");

    /// <summary>The connection broke or the server closed it; a new one may work.</summary>
    public static bool IsCut(Exception e) =>
        e switch
        {
            PostgresException p => p.SqlState
                is PostgresErrorCodes.AdminShutdown
                    or PostgresErrorCodes.CrashShutdown
                    or PostgresErrorCodes.CannotConnectNow,
            NpgsqlException n => n.InnerException is not TimeoutException,
            _ => false,
        };

    /// <summary>The server has no free session. It refused the connection before any statement was sent.</summary>
    public static bool IsFull(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.CannotConnectNow;

    /// <summary>
    /// Translates a bug of this program (a violated constraint, a wrong statement, a missing right) to
    /// <see cref="InvalidOperationException"/>, and every other error to <see cref="StoreUnavailableException"/>.
    /// </summary>
    /// <param name="e">The exception.</param>
    /// <param name="sentWrite">Whether a write was sent: if the connection broke after that, the write may be
    /// committed.</param>
    public static Exception Translate(Exception e, bool sentWrite) =>
        e switch
        {
            // Class 22 data, 23 constraint, 42 syntax or rights, 0A feature, 44 policy: the statement is wrong, and the
            // server rolled it back.
            PostgresException p when p.SqlState[..2] is "22" or "23" or "42" or "0A" or "44" =>
                new InvalidOperationException(
                    $"PostgreSQL refused a statement ({p.SqlState} on {p.TableName ?? "?"}: "
                        + $"{p.ConstraintName ?? p.Routine ?? "?"}).",
                    e
                ),
            // An error on a live connection ends the transaction: nothing was written. If the server closes the
            // connection, it may send the error after the commit.
            PostgresException p => new StoreUnavailableException(
                $"PostgreSQL cannot serve ({p.SqlState}).",
                sentWrite && IsCut(p),
                e
            ),
            NpgsqlException { InnerException: TimeoutException } => new StoreUnavailableException(
                "PostgreSQL did not respond in time.",
                sentWrite,
                e
            ),
            NpgsqlException => new StoreUnavailableException(
                "The connection to PostgreSQL was lost or cannot be opened.",
                sentWrite,
                e
            ),
            _ => e,
        };
}
