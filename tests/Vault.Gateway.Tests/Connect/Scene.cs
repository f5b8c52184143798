using System.Text.Json.Nodes;
using Vault.Core.Callers;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

/// <summary>An organization with a connection, ready for somebody to connect.</summary>
internal sealed class Scene : IAsyncDisposable
{
    public required GatewayHost Host { get; init; }

    public required string Organization { get; init; }

    public static async Task<Scene> SetAsync()
    {
        var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization);
        return new Scene { Host = host, Organization = organization };
    }

    public async Task<Reply> AskAsync(object? more = null)
    {
        var body = new JsonObject
        {
            ["organization_id"] = Organization,
            ["user_id"] = "user-1",
            ["connection"] = "acme",
        };
        foreach (var property in more?.GetType().GetProperties() ?? [])
            body[property.Name] = JsonValue.Create(property.GetValue(more)?.ToString());
        return await Host.PostAsync("/v1/connected_accounts:link", body.ToJsonString());
    }

    public async Task<string> LinkAsync(object? more = null) => (await AskAsync(more)).Is(201)["link"];

    public async Task<JsonNode> AccountAsync() =>
        (await Host.GetAsync($"/v1/connected_accounts?organization_id={Organization}")).Is(200).Json["items"]![0]!;

    /// <summary>A key of another lineage than the first key: an operator made it.</summary>
    public async Task<string> OtherKeyAsync()
    {
        using var made = (await Host.Get<ApiKeys>().RecoverAsync(default)).Value;
        return made.Text.RevealText();
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
