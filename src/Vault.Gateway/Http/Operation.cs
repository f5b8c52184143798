using Microsoft.AspNetCore.Http;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

internal enum Scope
{
    /// <summary>No organization (providers, health, pages).</summary>
    None,

    /// <summary>Requires an organization: the key's own, or the one named in the request.</summary>
    Organization,

    /// <summary>As <see cref="Organization"/>, without checking that it exists: the called service does that.</summary>
    OrganizationUnchecked,

    /// <summary>The organization, or the platform when a platform key names none.</summary>
    OrganizationOrPlatform,

    /// <summary>Only for platform keys.</summary>
    Platform,
}

internal enum Medium
{
    Json,

    /// <summary>HTML pages for people; errors are pages too.</summary>
    Page,
}

/// <summary>A route's declaration: the pipeline enforces it, and the OpenAPI document describes it.</summary>
internal sealed record Operation(string Method, string Path, string Id, string Summary)
{
    /// <summary>The last parameter matches the rest of the path, including slashes.</summary>
    public bool TakesRest { get; init; }

    /// <summary>The path as an ASP.NET route pattern.</summary>
    public string Pattern => TakesRest ? Path.Insert(Path.LastIndexOf('{') + 1, "**") : Path;

    /// <summary>The required permission; null for routes without authentication.</summary>
    public string? Permission { get; init; }

    public Scope Scope { get; init; } = Scope.None;

    public Medium Medium { get; init; } = Medium.Json;

    public string Tag { get; init; } = "";

    public string? Description { get; init; }

    public IReadOnlyList<Field> Query { get; init; } = [];

    /// <summary>Null when the route reads no body.</summary>
    public IReadOnlyList<Field>? Body { get; init; }

    /// <summary>The body is one document (a provider pack); the route receives it unparsed.</summary>
    public bool RawBody { get; init; }

    /// <summary>Maximum bytes of this route's body; null for the limit of the options.</summary>
    public long? MaxBody { get; init; }

    /// <summary>Allows unknown query parameters: providers add their own to a callback (RFC 6749 4.1.2).</summary>
    public bool OpenQuery { get; init; }

    /// <summary>
    /// The route keeps a key that is limited to users, connections or tools within them. Such a key may call no other
    /// route of an organization or of the platform.
    /// </summary>
    public bool KeepsConstraints { get; init; }

    /// <summary>The route changes something, so it supports <c>Idempotency-Key</c>.</summary>
    public bool Writes { get; init; }

    /// <summary>The response holds a secret that is shown once; it is not stored for a repeated key.</summary>
    public bool ShownOnce { get; init; }

    /// <summary>
    /// The route reads a whole chain or a whole document: few calls of one organization, or of one key of the platform,
    /// run at a time.
    /// </summary>
    public bool Scans { get; init; }

    /// <summary>The route enforces its own timeout; the request timeout does not apply.</summary>
    public bool OwnTimeout { get; init; }

    /// <summary>
    /// The route reads and writes the bodies itself, for a provider's client library: the vault's key may be in any
    /// header, and <c>Vault-Organization</c> names the organization.
    /// </summary>
    public bool Exchanges { get; init; }

    public int Success { get; init; } = 200;

    /// <summary>The type of the response; null when it is not JSON.</summary>
    public Type? Answer { get; init; }

    public string? ContentType { get; init; }

    /// <summary>The route's own errors, in addition to those of every route of its kind.</summary>
    public IReadOnlyList<ErrorCode> Errors { get; init; } = [];

    /// <summary>HEAD works like GET without a body, except where a GET has an effect.</summary>
    public bool AllowsHead { get; init; } = true;

    /// <summary>All documented errors: the route's own and the pipeline's.</summary>
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

/// <summary>One route. It holds no logic: it reads the call, calls Core and converts the result.</summary>
internal interface IRoute
{
    Operation Operation { get; }

    /// <summary>The route that handles a request to this one's method and path.</summary>
    IRoute For(HttpRequest request) => this;

    Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken);
}
