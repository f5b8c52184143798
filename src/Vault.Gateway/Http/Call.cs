using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.Gateway.Http;

/// <summary>One request, authenticated and checked against its operation.</summary>
internal sealed class Call
{
    public required HttpContext Http { get; init; }

    public required Operation Operation { get; init; }

    public required string RequestId { get; init; }

    public Caller? CallerOrNone { get; init; }

    /// <summary>The caller; only on routes that require a permission.</summary>
    public Caller Caller => CallerOrNone ?? throw new InvalidOperationException("This route has no caller.");

    public Body Query { get; init; } = Body.Empty;

    public Body Body { get; init; } = Body.Empty;

    /// <summary>The whole body, for routes that read it unparsed.</summary>
    public ReadOnlyMemory<byte> RawBody { get; init; }

    /// <summary>The pipeline sets it once, before it calls the route.</summary>
    public OrganizationId? OrganizationOrNone { get; set; }

    /// <summary>The organization of this call; only on routes with an organization scope.</summary>
    public OrganizationId Organization =>
        OrganizationOrNone ?? throw new InvalidOperationException("This route has no organization.");

    public string Route(string name) => (string)Http.Request.RouteValues[name]!;

    public int PageSize => (int)(Query.Number("page_size") ?? 50);

    /// <summary>The account id in the path; <c>not_found</c> when it is malformed.</summary>
    public Result<AccountId> AccountId() =>
        Core.Identity.AccountId.TryParse(Route("connected_account_id"), out var id)
            ? id
            : new VaultError(ErrorCatalogue.NotFound, "There is no such connected account.");

    /// <summary>
    /// Identifies the list that a page token belongs to: operation, organization, path values and filters.
    /// </summary>
    private string CursorScope =>
        $"{Operation.Id}|{OrganizationOrNone?.Value}|"
        + string.Join('/', Http.Request.RouteValues.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => v.Value))
        + "|"
        + string.Join(
            '&',
            Operation
                .Query.Where(f => f.Name is not ("page_size" or "page_token"))
                .Select(f => $"{f.Name}={(Query.Json(f.Name) is { } v ? v.GetRawText() : "")}")
        );

    public Result<string?> Cursor() =>
        Query.Text("page_token") is not { } token ? (string?)null
        : PageTokens.TryRead(token, CursorScope, out var cursor) ? cursor
        : VaultError.Invalid("page_token", "is not a token of this list; leave it out to start again");

    public string? PageToken(string? cursor) => cursor is null ? null : PageTokens.Write(cursor, CursorScope);

    public ListView<TView> List<T, TView>(Page<T> page, Func<T, TView> view) =>
        new([.. page.Items.Select(view)], PageToken(page.Cursor));

    /// <summary>
    /// W3C trace context to pass on: the host's own span where tracing is on, else the caller's header if it is
    /// well-formed.
    /// </summary>
    public string? TraceParent
    {
        get
        {
            if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id })
                return id;
            var header = Http.Request.Headers.TraceParent;
            return header.Count == 1 && ActivityContext.TryParse(header[0], null, out _) ? header[0] : null;
        }
    }

    public static JsonElement EmptyObject { get; } =
        JsonSerializer.SerializeToElement(new Dictionary<string, string>());
}

/// <summary>A page of a list.</summary>
internal sealed record ListView<T>(IReadOnlyList<T> Items, string? NextPageToken);
