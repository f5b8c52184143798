using Npgsql;
using Vault.Core.Errors;

namespace Vault.Storage.Postgres;

/// <summary>What an error of PostgreSQL means for what was asked.</summary>
internal static class PostgresErrors
{
    /// <summary>
    /// The server undid the transaction to let another one go on: running it again cannot do anything twice.
    /// </summary>
    public static bool IsRolledBackRace(Exception e) =>
        e
            is PostgresException
            {
                SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            };

    /// <summary>A unique key said no; on a table that a compare-and-swap writes, that is a lost race.</summary>
    public static bool IsTaken(Exception e, out string? table)
    {
        table = (e as PostgresException)?.TableName;
        return e is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
    }

    /// <summary>The connection is gone or was ended by the server; a fresh one may serve.</summary>
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

    /// <summary>No session to be had just now; the connection was refused before anything was asked.</summary>
    public static bool IsFull(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.CannotConnectNow;

    /// <summary>
    /// A bug of ours (a constraint, a wrong statement, a missing right) stays one; the rest is a database that cannot
    /// serve.
    /// </summary>
    /// <param name="e">What was thrown.</param>
    /// <param name="sentWrite">Whether a write was under way: if the connection broke then, nobody knows whether it was
    /// committed.</param>
    public static Exception Translate(Exception e, bool sentWrite) =>
        e switch
        {
            // Class 22 data, 23 constraint, 42 syntax or rights, 0A feature, 44 policy: the statement is wrong, and the
            // server undid it.
            PostgresException p when p.SqlState[..2] is "22" or "23" or "42" or "0A" or "44" =>
                new InvalidOperationException(
                    $"PostgreSQL refused a statement ({p.SqlState} on {p.TableName ?? "?"}: {p.ConstraintName ?? p.Routine ?? "?"}).",
                    e
                ),
            // An error the server still reports on a live connection is the end of the transaction: nothing was
            // written. When it ends the connection itself, the report can come after the commit.
            PostgresException p => new StoreUnavailableException(
                $"PostgreSQL cannot serve ({p.SqlState}).",
                sentWrite && IsCut(p),
                e
            ),
            NpgsqlException { InnerException: TimeoutException } => new StoreUnavailableException(
                "PostgreSQL did not answer in time.",
                sentWrite,
                e
            ),
            NpgsqlException => new StoreUnavailableException(
                "The connection to PostgreSQL is lost or cannot be made.",
                sentWrite,
                e
            ),
            _ => e,
        };
}
