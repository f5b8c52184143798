using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Errors;
using Vault.Gateway.Http;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Docs;

public sealed partial class OpenApiTests
{
    [Fact]
    public async Task The_document_and_the_server_agree()
    {
        await using var host = await GatewayHost.StartAsync();
        var document = (await host.GetAsync("/openapi/v1.json", null)).Is(200).Json;
        Assert.Equal("3.1.0", document["openapi"]!.GetValue<string>());

        // What the server maps, taken from its endpoints, not from the list the document was built from.
        var mapped = host.Get<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            .Where(e =>
                e.Metadata.GetMetadata<HttpMethodMetadata>() is not null
                && e.Metadata.GetMetadata<Operation>() is not null
            )
            .SelectMany(e =>
                e.Metadata.GetMetadata<HttpMethodMetadata>()!
                    .HttpMethods.Where(m => m != "HEAD")
                    .Select(m => $"{m} {e.RoutePattern.RawText!.Replace("{**", "{", StringComparison.Ordinal)}")
            )
            .Order()
            .ToList();
        var told = document["paths"]!
            .AsObject()
            .SelectMany(p => p.Value!.AsObject().Select(m => $"{m.Key.ToUpperInvariant()} {p.Key}"))
            .Order()
            .ToList();
        Assert.Equal(mapped, told);
        Assert.True(told.Count > 50);

        foreach (var operation in host.Operations)
        {
            var node = document["paths"]![operation.Path]![operation.Method.ToLowerInvariant()]!;
            var parameters = (node["parameters"]?.AsArray() ?? [])
                .Select(p => (In: p!["in"]!.GetValue<string>(), Name: p["name"]!.GetValue<string>()))
                .ToList();
            Assert.Equal(
                Place().Matches(operation.Path).Select(m => m.Groups[1].Value),
                parameters.Where(p => p.In == "path").Select(p => p.Name)
            );
            Assert.Equal(
                operation.Query.Select(f => f.Name),
                parameters.Where(p => p.In == "query").Select(p => p.Name)
            );
            Assert.Equal(operation.Permission is not null, node["security"] is not null);
            Assert.Equal(operation.AllErrors().Select(e => e.Code).Order(), Codes(node).Order());
            Assert.All(node["responses"]!.AsObject(), r => Assert.Matches("^[1-5][0-9][0-9]$", r.Key));
        }

        var ids = host.Operations.Select(o => o.Id).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public async Task Every_field_that_the_document_tells_is_taken_and_no_other()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        foreach (
            var operation in host.Operations.Where(o => o.Body is not null && !o.RawBody && o.Permission is not null)
        )
        {
            var path = Place()
                .Replace(operation.Path, m => m.Groups[1].Value == "organization_id" ? organization : "x");
            var reply = (await host.SendAsync(new HttpMethod(operation.Method), path, new { no_such_field = 1 })).Is(
                400,
                "invalid_request"
            );
            var message = reply.Json["violations"]!
                .AsArray()
                .First(v => v!["path"]!.GetValue<string>() == "no_such_field")!["message"]!.GetValue<string>();
            foreach (var field in operation.Body!)
                Assert.Contains(field.Name, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task References_resolve_and_every_code_is_in_the_problem()
    {
        await using var host = await GatewayHost.StartAsync();
        var document = (await host.GetAsync("/openapi/v1.json", null)).Is(200);
        foreach (Match reference in Reference().Matches(document.Text))
        {
            var at = document.Json;
            foreach (var part in reference.Groups[1].Value.Split('/'))
                at = at?[part]!;
            Assert.NotNull(at);
        }

        var codes = document.Json["components"]!["schemas"]!["Problem"]!["properties"]!["code"]!["enum"]!
            .AsArray()
            .Select(c => c!.GetValue<string>());
        Assert.Equal(ErrorCatalogue.All.Select(e => e.Code), codes);
    }

    [Fact]
    public async Task The_docs_page_lists_every_operation_and_loads_nothing()
    {
        await using var host = await GatewayHost.StartAsync();
        var page = (await host.GetAsync("/docs", null)).Is(200);
        foreach (var operation in host.Operations)
            Assert.Contains($"{operation.Method} {operation.Path}", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page.Text);
    }

    private static IEnumerable<string> Codes(JsonNode node) =>
        node["responses"]!
            .AsObject()
            .Where(r => r.Value!["x-codes"] is not null)
            .SelectMany(r => r.Value!["x-codes"]!.AsArray().Select(c => c!.GetValue<string>()));

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Place();

    [GeneratedRegex("\"\\$ref\":\"#/([^\"]+)\"")]
    private static partial Regex Reference();
}
