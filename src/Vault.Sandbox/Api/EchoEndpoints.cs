using System.Globalization;
using System.Text;
using System.Text.Json;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Api;

/// <summary>Responses that echo the request, and responses that are hard to handle.</summary>
internal static class EchoEndpoints
{
    private const int MaxBytes = 100_000_000;

    /// <summary>The verification call for keys and logins: cheap, without side effects, requires no scope.</summary>
    public static Task VerifyAsync(HttpContext context, ApiCaller caller) =>
        JsonReply.WriteAsync(context, 200, caller, static (writer, who) =>
        {
            writer.WriteBoolean("valid"u8, true);
            writer.WriteString("subject"u8, who.Subject);
            writer.WriteString("method"u8, who.Method);
            Array(writer, "scopes", who.Scopes);
        });

    /// <summary>Echoes the request with its credentials: a vault has to remove them from the response.</summary>
    public static Task EchoAsync(HttpContext context, ApiCaller caller) =>
        JsonReply.WriteAsync(context, 200, (context.Request, caller), static (writer, t) =>
        {
            var (request, who) = t;
            writer.WriteString("method"u8, request.Method);
            writer.WriteString("path"u8, request.Path);
            writer.WriteString("subject"u8, who.Subject);
            writer.WriteStartObject("query"u8);
            foreach (var (name, values) in request.Query)
                Array(writer, name, values);

            writer.WriteEndObject();
            writer.WriteStartObject("headers"u8);
            foreach (var (name, values) in request.Headers)
                writer.WriteString(name.ToLower(CultureInfo.InvariantCulture), values.ToString());

            writer.WriteEndObject();
        });

    /// <summary>
    /// A JSON object of exactly the requested number of bytes (at least 64): an array of lines and a filler.
    /// </summary>
    public static async Task LargeAsync(HttpContext context, ApiCaller caller)
    {
        if (
            !int.TryParse(
                context.Request.Query["bytes"],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var bytes
            ) || bytes is < 64 or > MaxBytes
        )
        {
            await ApiRefusal.BadRequest($"bytes must be a number from 64 to {MaxBytes}").WriteAsync(context);
            return;
        }

        const string head = "{\"items\":[",
            middle = "],\"filler\":\"",
            tail = "\"}";
        var line = "\"" + new string('x', 125) + "\",";
        var lines = Math.Max(0, (bytes - head.Length - middle.Length - tail.Length) / line.Length);
        var lastComma = lines > 0 ? 1 : 0;
        var filler = bytes - head.Length - middle.Length - tail.Length - (lines * line.Length) + lastComma;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes;
        var writer = context.Response.BodyWriter;
        Encoding.ASCII.GetBytes(head, writer);
        for (var i = 0; i < lines; i++)
        {
            Encoding.ASCII.GetBytes(i == lines - 1 ? line.AsSpan(0, line.Length - 1) : line, writer);
            if (i % 512 == 511)
            {
                await writer.FlushAsync(context.RequestAborted);
            }
        }

        Encoding.ASCII.GetBytes(middle + new string('y', filler) + tail, writer);
        await writer.FlushAsync(context.RequestAborted);
    }

    /// <summary>302 to a URL of the caller's choice, to test that a client does not follow redirects.</summary>
    public static Task RedirectAsync(HttpContext context, ApiCaller caller)
    {
        var to = context.Request.Query["to"].ToString();
        if (to.Length == 0 || to.Any(static c => char.IsControl(c) || c > '~'))
        {
            return ApiRefusal.BadRequest("to must be a URL in plain ASCII").WriteAsync(context);
        }

        context.Response.StatusCode = 302;
        context.Response.Headers.Location = to;
        return Task.CompletedTask;
    }

    private static void Array(Utf8JsonWriter writer, string name, IEnumerable<string?> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
