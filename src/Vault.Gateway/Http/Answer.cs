using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>What a route answers; the pipeline writes it.</summary>
internal abstract record Answer
{
    private Answer() { }

    /// <summary>A JSON object; <c>request_id</c> is added to it when it is written.</summary>
    internal sealed record Json(int Status, object View) : Answer;

    /// <summary>
    /// An expected failure. <paramref name="Acted"/>: something may have happened outside, so a repeated idempotency
    /// key must not act again.
    /// </summary>
    internal sealed record Problem(VaultError Error, bool Acted = false, string? Outcome = null) : Answer;

    /// <summary>Bytes as they are.</summary>
    /// <param name="AsIs">Not even <c>request_id</c> is added (a document, an output).</param>
    internal sealed record Raw(int Status, string ContentType, ReadOnlyMemory<byte> Body, bool AsIs = false) : Answer;

    /// <summary>Written while it is made; the status is gone by then.</summary>
    internal sealed record Stream(string ContentType, Func<System.IO.Stream, CancellationToken, Task> WriteAsync)
        : Answer;

    internal sealed record Page(int Status, string Html) : Answer;

    /// <summary>303: the browser goes on with a GET (RFC 9700 4.12).</summary>
    internal sealed record SeeOther(string Url, string? Cookie = null, DateTimeOffset? CookieExpires = null) : Answer;

    public static implicit operator Answer(VaultError error) => new Problem(error);

    public static Answer Ok(object view) => new Json(200, view);

    public static Answer Created(object view) => new Json(201, view);

    public static Answer From<T>(Result<T> result, Func<T, object> view, int status = 200) =>
        result.TryGet(out var value, out var error) ? new Json(status, view(value)) : new Problem(error);
}
