using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.Api;

/// <summary>Reads, lists, creates and deletes items.</summary>
internal sealed class ItemEndpoints(ItemStore items, CounterBook counters)
{
    private const int MaxPage = 200;

    public Task GetAsync(HttpContext context, ApiCaller caller)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return items.Find(id) is { } item
            ? JsonReply.WriteAsync(context, 200, item, Write)
            : ApiRefusal.NotFound("there is no item with this id").WriteAsync(context);
    }

    public Task ListAsync(HttpContext context, ApiCaller caller)
    {
        var query = context.Request.Query;
        var size = 50;
        if (
            query.TryGetValue("page_size", out var sizeText)
            && !(
                int.TryParse(sizeText, NumberStyles.None, CultureInfo.InvariantCulture, out size)
                && size is >= 1 and <= MaxPage
            )
        )
        {
            return ApiRefusal.BadRequest($"page_size must be a number from 1 to {MaxPage}").WriteAsync(context);
        }

        if (!TryAfter(query["page_token"], out var after))
        {
            return ApiRefusal.BadRequest("page_token was not issued by this list").WriteAsync(context);
        }

        return JsonReply.WriteAsync(context, 200, items.Page(after, size), static (writer, page) =>
        {
            writer.WriteStartArray("items"u8);
            foreach (var item in page.Items)
            {
                writer.WriteStartObject();
                Write(writer, item);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (page.Next is { } next)
            {
                writer.WriteString(
                    "next_page_token"u8,
                    Base64Url.EncodeToString(
                        Encoding.ASCII.GetBytes("after:" + next.ToString(CultureInfo.InvariantCulture))
                    )
                );
            }
            else
            {
                writer.WriteNull("next_page_token"u8);
            }
        });
    }

    public async Task CreateAsync(HttpContext context, ApiCaller caller)
    {
        if (!context.Request.HasJsonContentType())
        {
            await new ApiRefusal(415, "unsupported_media_type", "send application/json").WriteAsync(context);
            return;
        }

        var body = await ReadAsync(context.Request);
        if (
            Parse(body) is not { } data
            || !data.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String
            || name.GetString()!.Length == 0
        )
        {
            await ApiRefusal
                .BadRequest("the body must be a JSON object with a non-empty string name")
                .WriteAsync(context);
            return;
        }

        var key = context.Request.Headers["Idempotency-Key"].ToString();
        Item? item;
        if (key.Length == 0)
        {
            item = items.Add(name.GetString()!, caller.Subject, data);
        }
        else
        {
            (item, var duplicate) = items.AddOnce(
                key,
                Convert.ToHexString(SHA256.HashData(body)),
                name.GetString()!,
                caller.Subject,
                data
            );
            if (item is null)
            {
                await new ApiRefusal(
                    409,
                    "idempotency_conflict",
                    "this Idempotency-Key was used with another body"
                ).WriteAsync(context);
                return;
            }

            if (duplicate)
            {
                counters.Add(Count.IdempotentDuplicates, caller.ClientId);
                context.Response.Headers["Idempotent-Replayed"] = "true";
            }
        }

        await JsonReply.WriteAsync(context, 201, item, Write);
    }

    public Task DeleteAsync(HttpContext context, ApiCaller caller)
    {
        if (!items.Remove((string)context.Request.RouteValues["id"]!))
        {
            return ApiRefusal.NotFound("there is no item with this id").WriteAsync(context);
        }

        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private static void Write(Utf8JsonWriter writer, Item item)
    {
        writer.WriteString("id"u8, item.Id);
        writer.WriteString("name"u8, item.Name);
        writer.WriteString("owner"u8, item.Owner);
        writer.WriteString("created_at"u8, item.CreatedAt);
        if (item.Data is { } data)
        {
            writer.WritePropertyName("data"u8);
            data.WriteTo(writer);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var memory = new MemoryStream((int)Math.Min(request.ContentLength ?? 256, 1 << 20));
        await request.Body.CopyToAsync(memory, request.HttpContext.RequestAborted);
        return memory.ToArray();
    }

    private static JsonElement? Parse(byte[] body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            var element = JsonElement.ParseValue(ref reader);
            return element.ValueKind == JsonValueKind.Object && !reader.Read() ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool TryAfter(string? token, out long after)
    {
        after = 0;
        if (string.IsNullOrEmpty(token))
        {
            return true;
        }

        Span<byte> bytes = stackalloc byte[64];
        return token.Length <= 64
            && Base64Url.IsValid(token)
            && Base64Url.TryDecodeFromChars(token, bytes, out var length)
            && Encoding.ASCII.GetString(bytes[..length]) is var text
            && text.StartsWith("after:", StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out after);
    }
}
