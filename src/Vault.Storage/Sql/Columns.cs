using System.Data.Common;
using Vault.Core.Sealing;

namespace Vault.Storage.Sql;

/// <summary>Reads the column types that both dialects share.</summary>
internal static class Columns
{
    public static string? TextOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    public static long? IntegerOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public static DateTimeOffset Time(this DbDataReader reader, int column) => Micros.ToTime(reader.GetInt64(column));

    public static DateTimeOffset? TimeOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.Time(column);

    public static byte[] Bytes(this DbDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    /// <summary>The bytes at <paramref name="column"/> and the key version in the column after it.</summary>
    public static SealedBlob? Blob(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : new SealedBlob((uint)reader.GetInt64(column + 1), reader.Bytes(column));
}
