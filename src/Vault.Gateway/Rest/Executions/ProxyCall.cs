using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Vault.Core.Callers;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <summary>A raw authenticated call. The path is used as it was sent, with its escapes; Core validates it.</summary>
internal sealed class ProxyCall(ToolExecutor executor, PublicAddress address, GatewayOptions options) : IRoute
{
    public const string Prefix = "/v1/proxy/";

    private readonly ProxyExchange _exchange = new(executor, address, options, "POST");

    public Operation Operation { get; } =
        new(
            "POST",
            Prefix + "{connection}/{path}",
            "proxyCall",
            "Call a provider's API with a user's connected account"
        )
        {
            Tag = "Executions",
            Permission = Permission.ProxyExecute,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            TakesRest = true,
            Writes = true,
            OwnTimeout = true,
            Answer = typeof(ExecutionView),
            Description =
                "The connection must allow it (allow_proxy). This is the envelope form; with Vault-User, Vault-Account or "
                + "github;user=ada in the URL a POST goes to the provider as it is, like the other methods. The path is "
                + "appended to the provider's API base; the host cannot be chosen. The vault does not know what a path "
                + "does: GET and HEAD count as writes, every other method as destructive unless the connection's "
                + "proxy_effect says write, and no call is repeated unless the provider certainly did not act.",
            Errors = ExecutionFields.Errors,
            Body =
            [
                Field.Organization,
                .. ExecutionFields.Account,
                Field.Text("method", "GET (the default), HEAD, POST, PUT, PATCH or DELETE.") with
                {
                    Values = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                },
                new Field(
                    "query",
                    FieldKind.Object,
                    "Query parameters: strings, numbers, true, false, or lists of them."
                ),
                Field.Map("headers", "Headers of the request; the vault adds the credential."),
                new Field(
                    "body",
                    FieldKind.Any,
                    "The body, sent as JSON; with content_type a string is sent as it is."
                ),
                Field.Text("body_base64", "The body as bytes in base64, with content_type.") with
                {
                    MaxLength = int.MaxValue,
                },
                Field.Text("content_type", "The body's media type; default application/json where body is given.") with
                {
                    MaxLength = 200,
                },
                .. ExecutionFields.Common,
            ],
        };

    /// <summary>A POST that names its account outside the body is one of a client library.</summary>
    public IRoute For(HttpRequest request) => ProxyExchange.IsMeant(request) ? _exchange : this;

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var input = new JsonObject { ["path"] = Target(call).Path };
        foreach (var name in (string[])["method", "query", "headers", "body", "body_base64", "content_type"])
        {
            if (call.Body.Json(name) is { } value)
                input[name] = JsonNode.Parse(value.GetRawText());
        }

        var read = ExecutionFields.Read(
            call,
            call.Route("connection"),
            "",
            JsonSerializer.SerializeToElement(input),
            options
        );
        if (!read.TryGet(out var request, out var wrong))
            return wrong;
        return ExecutionFields.Answer(await executor.ProxyAsync(call.Caller, request, null, cancellationToken));
    }

    /// <summary>
    /// The parts of the target as they were sent. The route value is unescaped: "a%2Fb" and "a/b" would be the same
    /// path.
    /// </summary>
    public static (string Connection, string Path, string Query) Target(Call call)
    {
        var target = call.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var from = target.IndexOf(Prefix, StringComparison.OrdinalIgnoreCase);
        if (from < 0)
            return ("", "", "");
        target = target[(from + Prefix.Length)..];
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[(mark + 1)..]);
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "", query) : (path[..slash], path[(slash + 1)..], query);
    }
}
