using System.Text.Json;

namespace Vault.Core.Ledger;

/// <summary>Reads what <see cref="LedgerEntryWriter"/> wrote, without building objects.</summary>
internal static class LedgerBody
{
    /// <summary>The first query column that differs from the body; null when all agree.</summary>
    public static string? DisagreesWith(ReadOnlySpan<byte> body, LedgerIndex index)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return "body";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (column, expected) = Column(ref reader, index);
                reader.Read();
                if (column is null)
                    reader.Skip();
                else if (
                    expected is null
                        ? reader.TokenType != JsonTokenType.Null
                        : reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals(expected)
                )
                    return column;
            }

            return null;
        }
        catch (JsonException)
        {
            return "body";
        }
    }

    /// <summary>The query columns that follow from the body; all null when it is not a body.</summary>
    public static LedgerIndex IndexOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            var index = LedgerIndex.Erased;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return index;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (column, _) = Column(ref reader, index);
                reader.Read();
                if (column is null || reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                {
                    reader.Skip();
                    continue;
                }

                var value = reader.GetString();
                index = column switch
                {
                    "type" => index with { Type = value },
                    "execution_id" => index with { ExecutionId = value },
                    "user" => index with { User = value },
                    "agent" => index with { Agent = value },
                    "tool" => index with { Tool = value },
                    _ => index with { Account = value },
                };
            }

            return index;
        }
        catch (JsonException)
        {
            return LedgerIndex.Erased;
        }
    }

    private static (string? Column, string? Expected) Column(ref Utf8JsonReader reader, LedgerIndex index) =>
        reader.ValueTextEquals("type"u8) ? ("type", index.Type)
        : reader.ValueTextEquals("execution_id"u8) ? ("execution_id", index.ExecutionId)
        : reader.ValueTextEquals("user_id"u8) ? ("user", index.User)
        : reader.ValueTextEquals("agent"u8) ? ("agent", index.Agent)
        : reader.ValueTextEquals("tool"u8) ? ("tool", index.Tool)
        : reader.ValueTextEquals("connected_account_id"u8) ? ("account", index.Account)
        : (null, null);
}
