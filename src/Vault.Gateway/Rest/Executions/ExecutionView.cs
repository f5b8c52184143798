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

    /// <summary>The provider's headers that a caller can use (location, etag, link); content of the provider.</summary>
    public UpstreamHeaders? Upstream => Problems.HeadersOf(result.UpstreamHeaders) is { } headers ? new(headers) : null;

    public IReadOnlyList<ExecutionWarning> Warnings => result.Warnings;

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
        if (Upstream is { } upstream)
        {
            json.WriteStartObject("upstream"u8);
            json.WriteStartObject("headers"u8);
            foreach (var (name, value) in upstream.Headers)
                json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else
            json.WriteNull("upstream"u8);
        json.WriteStartArray("warnings"u8);
        foreach (var warning in result.Warnings)
        {
            json.WriteStartObject();
            json.WriteString("code"u8, warning.Code);
            json.WriteString("message"u8, warning.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("output_handle"u8, OutputHandle);
        json.WriteString("connected_account_id"u8, ConnectedAccountId);
        json.WriteStartArray("scopes_used"u8);
        foreach (var scope in result.ScopesUsed)
            json.WriteStringValue(scope);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>The headers of a provider's response, by lower-case name.</summary>
internal sealed record UpstreamHeaders(IReadOnlyDictionary<string, string> Headers);
