using System.Text.Json;

namespace Vault.Benchmarks.Load;

/// <summary>One prepared request.</summary>
internal sealed record PreparedRequest(string Method, string Path, string Token, string Body)
{
    public override string ToString() => $"{Method} {Path}";

    public static PreparedRequest Direct(string operation, string token) =>
        operation == "read"
            ? new("GET", "/api/items/item-1", token, "")
            : new(
                "POST",
                "/api/items",
                token,
                """{"name":"Weekly summary","note":"three lines of text, as an agent writes them"}"""
            );

    public static PreparedRequest Execute(
        string operation,
        string path,
        string key,
        string organization,
        string user,
        string toolPrefix
    )
    {
        object input =
            operation == "read"
                ? new { id = "item-1" }
                : new { name = "Weekly summary", note = "three lines of text, as an agent writes them" };
        var tool = toolPrefix + (operation == "read" ? "get_item" : "create_item");
        return new(
            "POST",
            path,
            key,
            JsonSerializer.Serialize(
                new
                {
                    tool_name = tool,
                    organization_id = organization,
                    user_id = user,
                    tool_input = input,
                }
            )
        );
    }
}

/// <summary>
/// The file that requests.lua reads. It holds keys: the run's folder, which only this user may enter, is the place for
/// it, and it goes with that folder.
/// </summary>
internal static class RequestFile
{
    public static void Write(string path, IEnumerable<PreparedRequest> requests)
    {
        using var file = new StreamWriter(path);
        foreach (var request in requests)
            file.Write($"{request.Method}\t{request.Path}\t{request.Token}\t{request.Body}\n");
    }
}
