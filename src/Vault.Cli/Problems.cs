using System.Text.Json;
using Vault.Client;

namespace Vault.Cli;

/// <summary>Prints the vault's error and the next step.</summary>
internal static class Problems
{
    public static void Write(CliConsole console, VaultException e, bool json)
    {
        var p = e.Problem;
        if (json)
        {
            console.Json(
                new
                {
                    code = p.Code,
                    status = p.Status,
                    detail = p.Detail,
                    can_retry = p.CanRetry,
                    advice = p.Advice,
                    status_reason = p.StatusReason,
                    reconnect_url = p.ReconnectUrl,
                    missing_scopes = p.MissingScopes,
                    upstream = p.Upstream is { } u
                        ? new
                        {
                            status = u.Status,
                            error = u.Error,
                            body = u.Body,
                            truncated = u.Truncated,
                            headers = u.Headers,
                        }
                        : null,
                    violations = p.Violations?.Select(v => new { path = v.Path, message = v.Message }),
                    execution_id = p.ExecutionId,
                    request_id = p.RequestId,
                }
            );
            return;
        }

        console.Error.WriteLine($"vaultctl: {p.Code}: {p.Detail}");
        foreach (var violation in p.Violations ?? [])
            console.Error.WriteLine($"  {violation.Path}: {violation.Message}");
        if (p.Upstream?.Body is { } body)
            console.Error.WriteLine("  the provider said: " + body.GetRawText());
        foreach (var (name, value) in p.Upstream?.Headers ?? new Dictionary<string, string>())
            console.Error.WriteLine($"  {name}: {value}");
        if (p.MissingScopes is { Count: > 0 } scopes)
            console.Error.WriteLine("  missing scopes: " + string.Join(' ', scopes));
        if (p.ReconnectUrl is { } url)
            console.Error.WriteLine("  connect here: " + url);
        if (e is ApprovalNeededException { ApprovalId: { } approval })
            console.Error.WriteLine(
                $"  approval: {approval}; after a person has approved it, send the call again with --approval "
                    + $"{approval}"
            );
        if (p.Advice is { } advice)
            console.Error.WriteLine("  " + advice);
        if (p.RequestId is { } request)
            console.Error.WriteLine("  request_id: " + request);
    }

    public static JsonElement Parse(string text, string what)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException e)
        {
            throw new CliException(
                $"{what} is not JSON at line {(e.LineNumber ?? 0) + 1}, byte {e.BytePositionInLine ?? 0}",
                VaultCommand.Usage
            );
        }
    }
}
