using System.Text;
using System.Text.Json.Nodes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Docs;

/// <summary>The OpenAPI document as an HTML page, without external resources.</summary>
internal sealed class DocsPage(OpenApiSource source) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/docs", "docs", "The operations as an HTML page")
        {
            Tag = "Operating",
            Medium = Medium.Page,
            ContentType = "text/html",
            OpenQuery = true,
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Task.FromResult<Answer>(new Answer.Page(200, Render(source.Document)));

    private static string Render(JsonObject document)
    {
        var body = new StringBuilder(
            "<p>Send an API key as <code>Authorization: Bearer vk_live_…</code>. The machine-readable form is <a "
                + "href=\"/openapi/v1.json\">/openapi/v1.json</a> (OpenAPI 3.1).</p>\n"
        );
        var operations = document["paths"]!
            .AsObject()
            .SelectMany(path =>
                path.Value!.AsObject()
                    .Select(m => (Path: path.Key, Method: m.Key.ToUpperInvariant(), Node: m.Value!.AsObject()))
            );
        foreach (var tag in operations.GroupBy(o => o.Node["tags"]![0]!.GetValue<string>()))
        {
            body.Append($"<h2>{Html.Text(tag.Key)}</h2>\n");
            foreach (var (path, method, node) in tag)
                Append(body, path, method, node);
        }

        return Html.Page("Vault.Orleans API", body.ToString());
    }

    private static void Append(StringBuilder body, string path, string method, JsonObject node)
    {
        body.Append(
            $"<details><summary><code>{method} {Html.Text(path)}</code> "
                + $"{Html.Text(node["summary"]!.GetValue<string>())}</summary>\n"
        );
        if (node["description"] is { } description)
            body.Append($"<p>{Html.Text(description.GetValue<string>())}</p>\n");
        if (node["x-permission"] is { } permission)
            body.Append($"<p>Permission: <code>{Html.Text(permission.GetValue<string>())}</code></p>\n");
        var rows = new List<(string Name, string Where, string About)>();
        foreach (var parameter in node["parameters"]?.AsArray() ?? [])
            rows.Add(
                (
                    parameter!["name"]!.GetValue<string>(),
                    parameter["in"]!.GetValue<string>(),
                    parameter["description"]?.GetValue<string>() ?? ""
                )
            );
        foreach (
            var (name, schema) in node["requestBody"]
                ?["content"]?["application/json"]?["schema"]?["properties"]?.AsObject() ?? []
        )
            rows.Add((name, "body", schema!["description"]?.GetValue<string>() ?? ""));
        if (rows.Count > 0)
        {
            body.Append(
                "<table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">In</th><th "
                    + "scope=\"col\">Meaning</th></tr></thead><tbody>\n"
            );
            foreach (var (name, where, about) in rows)
                body.Append(
                    $"<tr><td><code>{Html.Text(name)}</code></td><td>{where}</td><td>{Html.Text(about)}</td></tr>\n"
                );
            body.Append("</tbody></table>\n");
        }

        body.Append("<ul>\n");
        foreach (var (status, response) in node["responses"]!.AsObject())
            body.Append($"<li><code>{status}</code> {Html.Text(response!["description"]!.GetValue<string>())}</li>\n");
        body.Append("</ul></details>\n");
    }
}
