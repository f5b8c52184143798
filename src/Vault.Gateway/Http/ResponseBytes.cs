using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Vault.Gateway.Http;

/// <summary>
/// An answer as bytes, before <c>request_id</c> is added: so a kept answer gets the id of the request that asks again.
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
                Problems.Write(problem.Error, problem.Outcome)
            ),
            Answer.Raw raw => (raw.Status, raw.ContentType, raw.Body),
            _ => throw new InvalidOperationException("Only JSON answers and bytes are kept."),
        };

    // One buffer and one writer per thread: an answer is written once and copied once, into the connection's own
    // buffer. Neither outlives the call, which does not wait.
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _writer;

    /// <summary>Puts a view and <c>request_id</c> into the response, length first; flushing is the caller's.</summary>
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
            // An id is letters, digits and '_': nothing in it needs escaping.
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
            // An answer of unusual size does not stay in memory with its thread.
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

    /// <summary>Adds <c>request_id</c> at the end of a JSON object.</summary>
    public static byte[] WithRequestId(ReadOnlyMemory<byte> json, string requestId)
    {
        // An id is letters, digits and '_': nothing in it needs escaping.
        var tail = System.Text.Encoding.ASCII.GetBytes(
            $"{(json.Length > 2 ? "," : "")}\"request_id\":\"{requestId}\"}}"
        );
        return [.. json.Span[..^1], .. tail];
    }
}

/// <summary>A view on the hot path that writes what the serializer would; a test compares the two.</summary>
internal interface IWriteItself
{
    void Write(Utf8JsonWriter json);
}
