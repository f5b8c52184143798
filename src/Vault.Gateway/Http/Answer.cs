using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>The result of a route; the pipeline writes it as the HTTP response.</summary>
internal abstract record Answer
{
    private Answer() { }

    /// <summary>A JSON object; the writer adds <c>request_id</c>.</summary>
    internal sealed record Json(int Status, object View) : Answer;

    /// <summary>
    /// An expected failure. <paramref name="Acted"/>: the call may have had an effect outside the vault, so a repeated
    /// idempotency key must not run it again.
    /// </summary>
    internal sealed record Problem(VaultError Error, bool Acted = false, string? Outcome = null) : Answer
    {
        /// <summary>The vault's public address; the pipeline sets it, and references in the texts become
        /// URLs.</summary>
        public Uri? Base { get; init; }
    }

    /// <summary>Bytes, written unchanged.</summary>
    /// <param name="AsIs">Does not add <c>request_id</c> either (a document, an output).</param>
    internal sealed record Raw(int Status, string ContentType, ReadOnlyMemory<byte> Body, bool AsIs = false) : Answer;

    /// <summary>Produced while it is written; after the first byte the status can no longer change.</summary>
    internal sealed record Stream(string ContentType, Func<System.IO.Stream, CancellationToken, Task> WriteAsync)
        : Answer;

    /// <summary>The route has written the response.</summary>
    private sealed record Done : Answer;

    public static Answer Written { get; } = new Done();

    internal sealed record Page(int Status, string Html) : Answer;

    /// <summary>303: the browser continues with a GET (RFC 9700 4.12).</summary>
    internal sealed record SeeOther(string Url, string? Cookie = null, DateTimeOffset? CookieExpires = null) : Answer;

    /// <summary>The answer with every reference to a route of the vault as an absolute URL.</summary>
    public Answer Absolute(Uri publicBase) => this is Problem problem ? problem with { Base = publicBase } : this;

    public static implicit operator Answer(VaultError error) => new Problem(error);

    public static Answer Ok(object view) => new Json(200, view);

    public static Answer Created(object view) => new Json(201, view);

    public static Answer From<T>(Result<T> result, Func<T, object> view, int status = 200) =>
        result.TryGet(out var value, out var error) ? new Json(status, view(value)) : new Problem(error);
}
