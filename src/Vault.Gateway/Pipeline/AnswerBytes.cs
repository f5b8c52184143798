using System.Text.Json;
using Vault.Core.Errors;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Pipeline;

/// <summary>An answer as bytes, before <c>request_id</c> is added: so a kept answer gets the id of the request that asks again.</summary>
internal static class AnswerBytes
{
    public static (int Status, string ContentType, ReadOnlyMemory<byte> Bytes) Of(Answer answer) => answer switch
    {
        Answer.Json json => (json.Status, "application/json", JsonSerializer.SerializeToUtf8Bytes(json.View, json.View.GetType(), GatewayJson.Options)),
        Answer.Problem problem => (problem.Error.Code.Status, Problems.ContentType, Problems.Write(problem.Error, problem.Outcome)),
        Answer.Raw raw => (raw.Status, raw.ContentType, raw.Body),
        _ => throw new InvalidOperationException("Only JSON answers and bytes are kept."),
    };

    /// <summary>Adds <c>request_id</c> at the end of a JSON object.</summary>
    public static byte[] WithRequestId(ReadOnlyMemory<byte> json, string requestId)
    {
        // An id is letters, digits and '_': nothing in it needs escaping.
        var tail = System.Text.Encoding.ASCII.GetBytes($"{(json.Length > 2 ? "," : "")}\"request_id\":\"{requestId}\"}}");
        return [.. json.Span[..^1], .. tail];
    }
}
