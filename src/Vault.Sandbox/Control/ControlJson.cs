using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Control;

/// <summary>
/// Reads and writes the JSON of the control API: snake_case; an unknown member is an error that names it.
/// </summary>
internal static class ControlJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        NumberHandling = JsonNumberHandling.Strict,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static Task WriteAsync<T>(HttpContext context, int status, T value)
    {
        context.Response.StatusCode = status;
        JsonReply.NoStore(context.Response);
        return context.Response.WriteAsJsonAsync(value, Options);
    }

    /// <summary>
    /// Runs a control call. Only programs may call: a browser always sends Origin with a write, and cannot send JSON
    /// cross-site without a preflight. An invalid request gets a 400 or 404 that names the field.
    /// </summary>
    public static async Task RunAsync(HttpContext context, Func<HttpContext, Task> act)
    {
        if (context.Request.Headers.Origin.Count > 0)
        {
            await JsonReply.WriteErrorAsync(
                context,
                403,
                "forbidden",
                "the control API is for programs, not for web pages"
            );
            return;
        }

        try
        {
            await act(context);
        }
        catch (JsonException wrong)
        {
            await JsonReply.WriteErrorAsync(
                context,
                400,
                "invalid_request",
                $"the JSON body is invalid: {wrong.Message}"
            );
        }
        catch (ArgumentException wrong)
        {
            await JsonReply.WriteErrorAsync(context, 400, "invalid_request", wrong.Message);
        }
        catch (KeyNotFoundException missing)
        {
            await JsonReply.WriteErrorAsync(context, 404, "not_found", missing.Message);
        }
    }

    /// <summary>Reads the JSON body; an empty one is an empty object.</summary>
    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        using var memory = new MemoryStream();
        await context.Request.Body.CopyToAsync(memory, context.RequestAborted);
        if (memory.Length > 0 && !context.Request.HasJsonContentType())
        {
            throw new ArgumentException("send the body as application/json");
        }

        ReadOnlySpan<byte> body = memory.Length == 0 ? "{}"u8 : memory.GetBuffer().AsSpan(0, (int)memory.Length);
        return JsonSerializer.Deserialize<T>(body, Options)
            ?? throw new ArgumentException("the body must be a JSON object");
    }
}
