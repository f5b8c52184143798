using System.Security.Cryptography;
using System.Text.Json;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Api;

/// <summary>Form and multipart bodies; the response shows what was parsed.</summary>
internal static class UploadEndpoints
{
    public static async Task FormAsync(HttpContext context, ApiCaller caller)
    {
        if (
            context.Request.ContentType?.StartsWith(
                "application/x-www-form-urlencoded",
                StringComparison.OrdinalIgnoreCase
            ) != true
        )
        {
            await new ApiRefusal(415, "unsupported_media_type", "send application/x-www-form-urlencoded").WriteAsync(
                context
            );
            return;
        }

        if (await ReadAsync(context) is { } form)
        {
            await JsonReply.WriteAsync(context, 200, (form, caller), static (writer, t) =>
            {
                writer.WriteString("subject"u8, t.caller.Subject);
                WriteFields(writer, t.form);
            });
        }
    }

    public static async Task FilesAsync(HttpContext context, ApiCaller caller)
    {
        if (context.Request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) != true)
        {
            await new ApiRefusal(415, "unsupported_media_type", "send multipart/form-data").WriteAsync(context);
            return;
        }

        if (await ReadAsync(context) is not { } form)
        {
            return;
        }

        var digests = new List<(IFormFile File, string Digest)>(form.Files.Count);
        foreach (var file in form.Files)
        {
            await using var content = file.OpenReadStream();
            digests.Add((file, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, context.RequestAborted))));
        }

        await JsonReply.WriteAsync(context, 201, (form, caller, digests), static (writer, t) =>
        {
            writer.WriteString("subject"u8, t.caller.Subject);
            WriteFields(writer, t.form);
            writer.WriteStartArray("files"u8);
            foreach (var (file, digest) in t.digests)
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, file.Name);
                writer.WriteString("file_name"u8, file.FileName);
                writer.WriteString("content_type"u8, file.ContentType);
                writer.WriteNumber("size"u8, file.Length);
                writer.WriteString("sha256"u8, digest);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    private static async Task<IFormCollection?> ReadAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException or IOException)
        {
            await ApiRefusal.BadRequest("the form body could not be read").WriteAsync(context);
            return null;
        }
    }

    private static void WriteFields(Utf8JsonWriter writer, IFormCollection form)
    {
        writer.WriteStartObject("fields"u8);
        foreach (var (name, values) in form)
        {
            writer.WriteStartArray(name);
            foreach (var value in values)
            {
                writer.WriteStringValue(value);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
