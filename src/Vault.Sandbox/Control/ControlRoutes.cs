using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Sandbox.Control;

internal sealed class ControlRoutes(SandboxState state)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/_control/counters", c => c.Response.WriteAsJsonAsync(state.Counters.Snapshot(), Json));
}
