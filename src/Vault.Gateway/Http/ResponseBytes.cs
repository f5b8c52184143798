using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Vault.Gateway.Http;

/// <summary>
/// Serializes a result before <c>request_id</c> is added, so a replayed response carries the id of the current request.
/// </summary>
internal static class ResponseBytes
{
    public static (int Status, string ContentType, ReadOnlyMemory<byte> Bytes) Of(Answer answer) =>
        answer switch
        {
            Answer.Json json => (
                json.Status,
                "application/json",
                JsonSerializer.SerializeToUtf8Bytes(json.View, json.View.GetType(), GatewayJson.Options)
            ),
            Answer.Problem problem => (
                problem.Error.Code.Status,
                Problems.ContentType,
                Problems.Write(problem.Error, problem.Outcome, problem.Base)
            ),
            Answer.Raw raw => (raw.Status, raw.ContentType, raw.Body),
            _ => throw new InvalidOperationException("Only JSON results and bytes can be stored."),
        };

    // One buffer and one writer per thread: a response is serialized once and copied once, into the connection's
    // buffer. Safe because the method is synchronous: no other call on this thread can use them in between.
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _writer;

    /// <summary>
    /// Writes a view and <c>request_id</c> into the response, with Content-Length; the caller flushes.
    /// </summary>
    public static void WriteTo(HttpResponse response, object view, string requestId, bool withBody)
    {
        var (buffer, json) = _writer ??= NewWriter();
        try
        {
            if (view is IWriteItself own)
                own.Write(json);
            else
                JsonSerializer.Serialize(json, view, view.GetType(), GatewayJson.Options);
            json.Flush();
            // An id consists of letters, digits and '_': no escaping needed.
            Span<byte> tail = stackalloc byte[64];
            var separator = buffer.WrittenCount > 2 ? ",\"request_id\":\""u8 : "\"request_id\":\""u8;
            separator.CopyTo(tail);
            var length = separator.Length + Encoding.ASCII.GetBytes(requestId, tail[separator.Length..]);
            "\"}"u8.CopyTo(tail[length..]);
            tail = tail[..(length + 2)];
            response.ContentLength = buffer.WrittenCount - 1 + tail.Length;
            if (!withBody)
                return;
            response.BodyWriter.Write(buffer.WrittenSpan[..^1]);
            response.BodyWriter.Write(tail);
        }
        catch
        {
            _writer = null;
            throw;
        }
        finally
        {
            // Do not keep an unusually large buffer for the lifetime of the thread.
            if (buffer.Capacity > 256 * 1024)
                _writer = null;
            buffer.ResetWrittenCount();
            json.Reset(buffer);
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) NewWriter()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        return (
            buffer,
            new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions { Encoder = GatewayJson.Options.Encoder, SkipValidation = true }
            )
        );
    }

    /// <summary>Appends <c>request_id</c> to a JSON object.</summary>
    public static byte[] WithRequestId(ReadOnlyMemory<byte> json, string requestId)
    {
        // An id consists of letters, digits and '_': no escaping needed.
        var tail = System.Text.Encoding.ASCII.GetBytes(
            $"{(json.Length > 2 ? "," : "")}\"request_id\":\"{requestId}\"}}"
        );
        return [.. json.Span[..^1], .. tail];
    }
}

/// <summary>A view on the hot path with its own serialization; a test compares it with the serializer's.</summary>
internal interface IWriteItself
{
    void Write(Utf8JsonWriter json);
}
