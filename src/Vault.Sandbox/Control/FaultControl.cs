using Vault.Sandbox.Faults;

namespace Vault.Sandbox.Control;

/// <summary>Adds, lists, releases and removes faults.</summary>
internal sealed class FaultControl(SandboxFaults faults)
{
    public Task ListAsync(HttpContext context) =>
        ControlJson.WriteAsync(context, 200, new { Items = faults.All.Select(View) });

    public async Task AddAsync(HttpContext context) =>
        await ControlJson.WriteAsync(
            context,
            201,
            View(faults.Add(await ControlJson.ReadAsync<SandboxFault>(context)))
        );

    public Task ClearAsync(HttpContext context)
    {
        faults.Clear();
        return ControlJson.WriteAsync(context, 200, new { Cleared = true });
    }

    public Task RemoveAsync(HttpContext context)
    {
        Find(context).Clear();
        return ControlJson.WriteAsync(context, 200, new { Cleared = true });
    }

    /// <summary>Releases the requests that a hold delays; the fault stays and lets later requests pass.</summary>
    public Task ReleaseAsync(HttpContext context)
    {
        var handle = Find(context);
        handle.Gate.Open();
        return ControlJson.WriteAsync(context, 200, View(handle));
    }

    private FaultHandle Find(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return faults.Find(id) ?? throw new KeyNotFoundException($"there is no fault '{id}'");
    }

    private static object View(FaultHandle handle) =>
        new
        {
            handle.Id,
            handle.Hits,
            Held = handle.Gate.IsOpen ? 0 : handle.Gate.Arrived,
            handle.Fault,
        };
}
