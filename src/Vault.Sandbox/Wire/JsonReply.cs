using System.Buffers;
using System.Text.Json;

namespace Vault.Sandbox.Wire;

/// <summary>Writes a small JSON object at once, without reflection and without allocations per request.</summary>
internal static class JsonReply
{
    // Safe per thread: the document is built and copied into the response before the first await.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public static Task WriteAsync<T>(HttpContext context, int status, T value, Action<Utf8JsonWriter, T> members)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        var writer = _writer ??= new Utf8JsonWriter(buffer);
        writer.Reset(buffer);
        writer.WriteStartObject();
        members(writer, value);
        writer.WriteEndObject();
        writer.Flush();
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
        return response.BodyWriter.FlushAsync().AsTask();
    }

    /// <summary>{"error": ..., "error_description": ...}</summary>
    public static Task WriteErrorAsync(HttpContext context, int status, string error, string description) =>
        WriteAsync(context, status, (error, description), static (writer, e) =>
        {
            writer.WriteString("error"u8, e.error);
            writer.WriteString("error_description"u8, e.description);
        });

    /// <summary>Responses with tokens or about tokens must not be cached (RFC 6749 section 5.1).</summary>
    public static void NoStore(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.Pragma = "no-cache";
    }
}
