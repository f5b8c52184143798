using Vault.Core.Errors;

namespace Vault.Gateway.Http;

internal enum Scope
{
    /// <summary>No organization is involved (providers, health, pages).</summary>
    None,

    /// <summary>Needs an organization: the key's own, or the one named.</summary>
    Organization,

    /// <summary>
    /// As <see cref="Organization"/>, without looking it up first: what the route calls does that itself.
    /// </summary>
    OrganizationUnchecked,

    /// <summary>The organization's own, or, with a platform key that names none, the platform's.</summary>
    OrganizationOrPlatform,

    /// <summary>Only for keys of the platform.</summary>
    Platform,
}

internal enum Medium
{
    Json,

    /// <summary>Pages for people: errors are pages too.</summary>
    Page,
}

/// <summary>What a route is, as data: the pipeline enforces it and the OpenAPI document tells it.</summary>
internal sealed record Operation(string Method, string Path, string Id, string Summary)
{
    /// <summary>The last parameter takes the rest of the path, slashes and all.</summary>
    public bool TakesRest { get; init; }

    /// <summary>The path as a pattern of routes.</summary>
    public string Pattern => TakesRest ? Path.Insert(Path.LastIndexOf('{') + 1, "**") : Path;

    /// <summary>The permission a key needs; null for routes that need no key.</summary>
    public string? Permission { get; init; }

    public Scope Scope { get; init; } = Scope.None;

    public Medium Medium { get; init; } = Medium.Json;

    public string Tag { get; init; } = "";

    public string? Description { get; init; }

    public IReadOnlyList<Field> Query { get; init; } = [];

    /// <summary>Null where no body is read.</summary>
    public IReadOnlyList<Field>? Body { get; init; }

    /// <summary>The body is itself the thing (a provider pack); it is given on unparsed.</summary>
    public bool RawBody { get; init; }

    /// <summary>Bytes of the body where the route takes more than others; null for what the options say.</summary>
    public long? MaxBody { get; init; }

    /// <summary>
    /// Unknown query parameters are let through: providers add their own to a callback (RFC 6749 4.1.2).
    /// </summary>
    public bool OpenQuery { get; init; }

    /// <summary>Whether <c>Idempotency-Key</c> is honoured.</summary>
    public bool Writes { get; init; }

    /// <summary>The answer holds something that is shown once; it is not kept for a repeated key.</summary>
    public bool ShownOnce { get; init; }

    /// <summary>The route ends its work itself; the request timeout does not apply.</summary>
    public bool OwnTimeout { get; init; }

    public int Success { get; init; } = 200;

    /// <summary>The answer's type; null where it is not JSON.</summary>
    public Type? Answer { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Errors of its own, beside those every route of its kind has.</summary>
    public IReadOnlyList<ErrorCode> Errors { get; init; } = [];

    /// <summary>HEAD is answered like GET without a body, except where a GET acts.</summary>
    public bool AllowsHead { get; init; } = true;

    /// <summary>Every documented error: its own and those the pipeline can answer.</summary>
    public IEnumerable<ErrorCode> AllErrors()
    {
        var all = new List<ErrorCode>(Errors) { ErrorCatalogue.Internal, ErrorCatalogue.RateLimited };
        if (Medium == Medium.Json && Path.StartsWith("/v1/", StringComparison.Ordinal))
            all.AddRange([
                ErrorCatalogue.InvalidRequest,
                ErrorCatalogue.StoreUnavailable,
                ErrorCatalogue.ClusterUnavailable,
            ]);
        if (Permission is not null)
            all.AddRange([ErrorCatalogue.Unauthenticated, ErrorCatalogue.PermissionDenied]);
        if (Scope is not (Scope.None or Scope.Platform))
            all.Add(ErrorCatalogue.OrganizationUnknown);
        if (Body is not null)
            all.Add(ErrorCatalogue.TooLarge);
        if (Writes)
            all.AddRange([ErrorCatalogue.IdempotencyConflict, ErrorCatalogue.Conflict, ErrorCatalogue.OutcomeUnknown]);
        return all.Distinct().OrderBy(e => e.Status).ThenBy(e => e.Code, StringComparer.Ordinal);
    }
}

/// <summary>One route. It has no logic of its own: it reads the call, asks Core, and shapes the answer.</summary>
internal interface IRoute
{
    Operation Operation { get; }

    Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken);
}
