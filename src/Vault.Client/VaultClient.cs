using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Vault.Client;

/// <summary>
/// The HTTP client of a vault. Thread-safe; use one for the whole process, because it pools its connections.
/// </summary>
public sealed class VaultClient : IVaultClient, IDisposable
{
    private readonly HttpClient _http;
    private readonly bool _own;
    private readonly VaultClientOptions _options;
    private readonly Transport _transport;

    /// <exception cref="ArgumentException">An option is invalid; the message names it.</exception>
    public VaultClient(VaultClientOptions options)
        : this(
            options,
            new HttpClient(
                new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }
            )
            {
                Timeout = Timeout.InfiniteTimeSpan,
            },
            true,
            TimeProvider.System
        ) { }

    /// <param name="options">The vault's address and the API key.</param>
    /// <param name="http">The caller's client; it is neither changed nor disposed. Redirects must be off, because they
    /// would carry the key along, and its timeout must not be shorter than
    /// <see cref="VaultClientOptions.AttemptTimeout"/>.</param>
    /// <param name="time">The clock for pauses between attempts.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it.</exception>
    public VaultClient(VaultClientOptions options, HttpClient http, TimeProvider? time = null)
        : this(options, http, false, time ?? TimeProvider.System) { }

    private VaultClient(VaultClientOptions options, HttpClient http, bool own, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(http);
        if (options.Fault is { } fault)
            throw new ArgumentException(fault, nameof(options));
        (_options, _http, _own) = (options, http, own);
        _transport = new Transport(http, options, time);
    }

    public Task<Execution> ExecuteAsync(ToolCall call, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        var body = new Dictionary<string, object?>
        {
            ["tool_name"] = call.ToolName,
            ["organization_id"] = call.OrganizationId ?? _options.OrganizationId,
            ["user_id"] = call.UserId,
            ["tool_input"] = call.Input,
            ["connection"] = call.Connection,
            ["connected_account_id"] = call.ConnectedAccountId,
            ["account_label"] = call.AccountLabel,
            ["tool_version"] = call.ToolVersion,
            ["page_token"] = call.PageToken,
            ["agent_run_id"] = call.AgentRunId,
            ["approval_id"] = call.ApprovalId,
            ["timeout_ms"] = call.Timeout is { } t ? (long)t.TotalMilliseconds : null,
        };
        return _transport.SendAsync<Execution>(
            HttpMethod.Post,
            "/v1/execute_tool",
            Given(body),
            call.IdempotencyKey,
            cancellationToken
        );
    }

    public async IAsyncEnumerable<Execution> ExecutePagesAsync(
        ToolCall call,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(call);
        for (var (next, page) = (call, 0); ; page++)
        {
            var answer = await ExecuteAsync(next, cancellationToken).ConfigureAwait(false);
            yield return answer;
            if (answer.NextPageToken is not { } token)
                yield break;
            next = call with
            {
                PageToken = token,
                IdempotencyKey = call.IdempotencyKey is { } key ? $"{key}/{page + 1}" : null,
            };
        }
    }

    public async IAsyncEnumerable<ToolDescription> ListToolsAsync(
        ToolFilter? filter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        string? token = null;
        do
        {
            var path = Query(
                "/v1/tools",
                ("organization_id", filter?.OrganizationId ?? _options.OrganizationId),
                ("user_id", filter?.UserId),
                ("provider", filter?.Provider),
                ("page_size", "200"),
                ("page_token", token)
            );
            var page = await _transport
                .SendAsync<ToolPage>(HttpMethod.Get, path, null, null, cancellationToken)
                .ConfigureAwait(false);
            foreach (var tool in page.Items)
                yield return tool with
                {
                    Requirement = page.Requirements?.GetValueOrDefault(tool.Name),
                };
            token = page.NextPageToken;
        } while (token is not null);
    }

    public Task<ConnectLink> CreateLinkAsync(LinkRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var given = request with { OrganizationId = request.OrganizationId ?? _options.OrganizationId };
        return _transport.SendAsync<ConnectLink>(
            HttpMethod.Post,
            "/v1/connected_accounts:link",
            given,
            null,
            cancellationToken
        );
    }

    public async IAsyncEnumerable<ConnectedAccount> ListAccountsAsync(
        AccountFilter? filter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        string? token = null;
        do
        {
            var path = Query(
                "/v1/connected_accounts",
                ("organization_id", filter?.OrganizationId ?? _options.OrganizationId),
                ("user_id", filter?.UserId),
                ("connection", filter?.Connection),
                ("status", filter?.Status),
                ("page_size", "200"),
                ("page_token", token)
            );
            var page = await _transport
                .SendAsync<AccountPage>(HttpMethod.Get, path, null, null, cancellationToken)
                .ConfigureAwait(false);
            foreach (var account in page.Items)
                yield return account;
            token = page.NextPageToken;
        } while (token is not null);
    }

    public Task<ConnectedAccount> GetAccountAsync(
        string connectedAccountId,
        CancellationToken cancellationToken = default
    ) =>
        _transport.SendAsync<ConnectedAccount>(
            HttpMethod.Get,
            Query("/v1/connected_accounts/" + Part(connectedAccountId), ("organization_id", _options.OrganizationId)),
            null,
            null,
            cancellationToken
        );

    public Task<RevocationReceipt> RevokeAccountAsync(
        string connectedAccountId,
        CancellationToken cancellationToken = default
    ) =>
        _transport.SendAsync<RevocationReceipt>(
            HttpMethod.Post,
            $"/v1/connected_accounts/{Part(connectedAccountId)}:revoke",
            Given(new() { ["organization_id"] = _options.OrganizationId }),
            null,
            cancellationToken
        );

    public Task<ExecutionRecord> GetExecutionAsync(string executionId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync<ExecutionRecord>(
            HttpMethod.Get,
            Query("/v1/executions/" + Part(executionId), ("organization_id", _options.OrganizationId)),
            null,
            null,
            cancellationToken
        );

    /// <summary>
    /// Calls an operation of the API (<c>/openapi/v1.json</c>) that has no method here; with the same retries.
    /// </summary>
    /// <param name="method">GET, POST, PATCH or DELETE.</param>
    /// <param name="path">Path and query, for example <c>/v1/providers?page_size=50</c>.</param>
    /// <param name="body">An object to serialize as JSON, or a <see cref="RawBody"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public Task<JsonElement> CallAsync(
        HttpMethod method,
        string path,
        object? body = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path[0] != '/' || path.StartsWith("//", StringComparison.Ordinal))
            throw new ArgumentException(
                "The path must begin with exactly one slash: the key is sent only to this vault.",
                nameof(path)
            );
        return _transport.SendAsync<JsonElement>(method, path, body, null, cancellationToken);
    }

    public void Dispose()
    {
        if (_own)
            _http.Dispose();
    }

    private static Dictionary<string, object?> Given(Dictionary<string, object?> body) =>
        body.Where(p => p.Value is not null).ToDictionary();

    private static string Part(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return Uri.EscapeDataString(id);
    }

    private static string Query(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters
            .Where(p => p.Value is not null)
            .Select(p => p.Name + "=" + Uri.EscapeDataString(p.Value!));
        return string.Join('?', new[] { path, string.Join('&', given) }.Where(s => s.Length > 0));
    }

    private sealed record ToolPage(
        IReadOnlyList<ToolDescription> Items,
        IReadOnlyDictionary<string, ToolRequirement>? Requirements,
        string? NextPageToken
    );

    private sealed record AccountPage(IReadOnlyList<ConnectedAccount> Items, string? NextPageToken);
}
