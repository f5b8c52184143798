using System.Text.Json;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <summary>An execution's result as the contract shows it. It copies nothing: the result holds the values.</summary>
internal sealed class ExecutionView(ExecutionResult result) : IWriteItself
{
    public string ExecutionId => result.ExecutionId;

    public Outcome Outcome => result.Outcome;

    public JsonElement? Data => result.Data;

    public int? Status => result.Status;

    public string Trust => result.Trust;

    public string? NextPageToken => result.NextPageToken;

    public bool Truncated => result.Truncated;

    public string? OutputHandle => result.OutputHandle;

    public string? ConnectedAccountId => result.ConnectedAccountId;

    public IReadOnlyList<string> ScopesUsed => result.ScopesUsed;

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("execution_id"u8, ExecutionId);
        json.WriteString("outcome"u8, OutcomeNames.Of(Outcome));
        json.WritePropertyName("data"u8);
        if (Data is { } data)
            data.WriteTo(json);
        else
            json.WriteNullValue();
        if (Status is { } status)
            json.WriteNumber("status"u8, status);
        else
            json.WriteNull("status"u8);
        json.WriteString("trust"u8, Trust);
        json.WriteString("next_page_token"u8, NextPageToken);
        json.WriteBoolean("truncated"u8, Truncated);
        json.WriteString("output_handle"u8, OutputHandle);
        json.WriteString("connected_account_id"u8, ConnectedAccountId);
        json.WriteStartArray("scopes_used"u8);
        foreach (var scope in result.ScopesUsed)
            json.WriteStringValue(scope);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
