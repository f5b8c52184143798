using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>The provider's API.</summary>
public sealed record ApiShape
{
    /// <summary>The base of relative tool URLs.</summary>
    public required UrlTemplate BaseUrl { get; init; }

    public ImmutableArray<ApiCredential> Auth { get; init; } = [];

    /// <summary>
    /// Headers of every call; the values are templates over parameters. A header without a value for an optional
    /// parameter is omitted.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Headers { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>A match turns a response with a success status into an error.</summary>
    public ImmutableArray<BodyMatch> ErrorWhen { get; init; } = [];

    /// <summary>Paths to the code of an error response; the first existing one is used.</summary>
    public ImmutableArray<ValuePath> ErrorCode { get; init; } = [];
}
