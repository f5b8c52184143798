using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <summary>
/// The proxy as a base URL: a provider's own client library calls it with its own methods, headers and bodies, which
/// are
/// streamed. The account is named by a header, or in the URL after the connection (<c>github;user=ada</c>), so that
/// only
/// the base URL of a library changes.
/// </summary>
internal class ProxyExchange(ToolExecutor executor, PublicAddress address, GatewayOptions options, string method)
    : IRoute
{
    private const string UserHeader = "Vault-User";
    private const string AccountHeader = "Vault-Account";

    /// <summary>Such a body is kept, so that the call can be sent again with a fresh credential.</summary>
    private const int MaxBuffered = 1024 * 1024;

    private readonly PublicAddress _address = address;

    public Operation Operation { get; } =
        new(
            method,
            ProxyCall.Prefix + "{connection}/{path}",
            "proxy" + method[0] + method[1..].ToLowerInvariant(),
            "Call a provider's API as its own client library does"
        )
        {
            Tag = "Executions",
            Permission = Permission.ProxyExecute,
            Scope = Scope.Organization,
            TakesRest = true,
            OpenQuery = true,
            OwnTimeout = true,
            Exchanges = true,
            ContentType = "*/*",
            Description =
                "Method, query, headers and body go to the provider, and its status, headers and body come back, all "
                + "streamed. Vault-User or Vault-Account names the account, or the URL does, after the connection: "
                + "/v1/proxy/github;user=ada/repos. Vault-Organization names the organization for a platform key. The "
                + "vault's key may be in any header in which the library sends its own. URLs of the API in Location and "
                + "Link lead through the vault again. An error of the vault is a problem (application/problem+json).",
            Errors = ExecutionFields.Errors,
        };

    /// <summary>Whether a POST is one of a client library, and not the envelope.</summary>
    public static bool IsMeant(HttpRequest request) =>
        request.Headers.ContainsKey(UserHeader)
        || request.Headers.ContainsKey(AccountHeader)
        || (request.RouteValues["connection"] as string)?.Contains(';', StringComparison.Ordinal) == true;

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var http = call.Http;
        var read = ReadRequest(call);
        if (!read.TryGet(out var target, out var wrong))
            return wrong;
        var (buffered, body, tooLong) = await BodyAsync(http, cancellationToken);
        if (tooLong is not null)
            return tooLong;
        var input = new JsonObject
        {
            ["method"] = http.Request.Method,
            ["path"] = target.Path,
            ["raw_query"] = target.Query,
        };
        // An approval and the ledger are bound to the body as well.
        if (buffered is not null)
            input["body_sha256"] = Convert.ToHexStringLower(SHA256.HashData(buffered));
        var exchange = new RawExchange
        {
            Headers =
            [
                .. http
                    .Request.Headers.Where(h => ProxyTool.Forwards(h.Key))
                    .SelectMany(h => h.Value, (h, v) => (h.Key, v ?? ""))
                    .Where(h => !Authentication.HoldsKey(h.Item2)),
            ],
            Buffered = buffered,
            Body = body,
            ContentType = http.Request.ContentType,
            ContentLength = http.Request.ContentLength,
            PublicBase = _address.Base.GetLeftPart(UriPartial.Authority) + ProxyCall.Prefix + target.Connection,
            WriteAsync = (response, token) => WriteAsync(http, response, token),
        };
        var request = target.Request with { Input = System.Text.Json.JsonSerializer.SerializeToElement(input) };
        var result = await executor.ProxyAsync(call.Caller, request, exchange, cancellationToken);
        if (!exchange.Responded)
            return ExecutionFields.Answer(result);
        if (exchange.Broken)
            http.Abort();
        return Answer.Written;
    }

    private static async Task WriteAsync(HttpContext http, RawResponse response, CancellationToken cancellationToken)
    {
        http.Response.StatusCode = response.Status;
        foreach (var (name, value) in response.Headers)
            if (value.All(c => c is >= ' ' and <= '~'))
                http.Response.Headers.Append(name, value);
        var empty = response.Status is 204 or 304 or < 200;
        if (response.Length is { } length && !empty)
            http.Response.ContentLength = length;
        if (!empty && !HttpMethods.IsHead(http.Request.Method))
            await response.Body.CopyToAsync(http.Response.Body, 64 * 1024, cancellationToken);
        else
            await http.Response.StartAsync(cancellationToken);
    }

    private static async Task<(byte[]? Buffered, Stream? Body, VaultError? Error)> BodyAsync(
        HttpContext http,
        CancellationToken cancellationToken
    )
    {
        var length = http.Request.ContentLength;
        var has = http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? length > 0;
        if (!has || length == 0)
            // RFC 9110 8.6: a method that defines a meaning for a body says that there is none.
            return (
                HttpMethods.IsPost(http.Request.Method) || HttpMethods.IsPut(http.Request.Method) ? [] : null,
                null,
                null
            );
        if (length <= MaxBuffered)
        {
            var bytes = new byte[length.Value];
            await http.Request.Body.ReadExactlyAsync(bytes, cancellationToken);
            return (bytes, null, null);
        }

        if (HttpMethods.IsDelete(http.Request.Method))
            return (
                null,
                null,
                new VaultError(ErrorCatalogue.TooLarge, $"The body of a DELETE has more than {MaxBuffered} bytes.")
            );
        // Streamed, so its size costs no memory; the provider limits it.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = null;
        return (null, http.Request.Body, null);
    }

    private sealed record Target(string Connection, string Path, string Query, ExecutionRequest Request);

    private Result<Target> ReadRequest(Call call)
    {
        var headers = call.Http.Request.Headers;
        var (connection, path, query) = ProxyCall.Target(call);
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in connection.Split(';').Skip(1))
        {
            var cut = part.IndexOf('=', StringComparison.Ordinal);
            if (cut < 0 || part[..cut] is not ("user" or "account" or "label"))
                return VaultError.Invalid("connection", "takes ;user=, ;account= or ;label= after its name");
            named[part[..cut]] = Uri.UnescapeDataString(part[(cut + 1)..]);
        }

        string? Value(string name, string header) =>
            headers[header] is { Count: > 0 } given ? given[0] : named.GetValueOrDefault(name);

        var name = connection.Split(';')[0];
        if (!ConnectionName.IsValid(name))
            return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        var user = Value("user", UserHeader);
        if (user is not null && !UserId.IsValid(user))
            return VaultError.Invalid(UserHeader, "has " + UserId.Rule);
        AccountId? account = null;
        if (Value("account", AccountHeader) is { } id)
        {
            if (!AccountId.TryParse(id, out var parsed))
                return VaultError.Invalid(AccountHeader, "is not an id of the form ca_…");
            account = parsed;
        }
        else if (user is null)
            return VaultError.Invalid(
                UserHeader,
                $"name the account with this header, with {AccountHeader}, or in the URL as {name};user=…"
            );

        var label = Value("label", "Vault-Account-Label");
        if (label is not null && !AccountKey.IsValidLabel(label))
            return VaultError.Invalid("Vault-Account-Label", "has " + AccountKey.LabelRule);
        return new Target(
            connection,
            path,
            query,
            new ExecutionRequest
            {
                ToolName = "",
                Organization = call.Organization,
                User = user is null ? null : new UserId(user),
                Account = account,
                AccountLabel = label,
                Connection = new ConnectionName(name),
                Input = Call.EmptyObject,
                AgentRunId = headers["Vault-Run"] is [{ Length: <= 200 } run] ? run : null,
                ApprovalId = headers["Vault-Approval"] is [{ Length: <= 32 } approval] ? approval : null,
                // Of the whole exchange: a large body takes its time.
                Timeout = options.LongestExecution,
                TraceParent = call.TraceParent,
            }
        );
    }
}

internal sealed class ProxyGet(ToolExecutor executor, PublicAddress address, GatewayOptions options)
    : ProxyExchange(executor, address, options, "GET");

internal sealed class ProxyPut(ToolExecutor executor, PublicAddress address, GatewayOptions options)
    : ProxyExchange(executor, address, options, "PUT");

internal sealed class ProxyPatch(ToolExecutor executor, PublicAddress address, GatewayOptions options)
    : ProxyExchange(executor, address, options, "PATCH");

internal sealed class ProxyDelete(ToolExecutor executor, PublicAddress address, GatewayOptions options)
    : ProxyExchange(executor, address, options, "DELETE");
