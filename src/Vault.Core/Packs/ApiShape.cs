using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>The provider's API.</summary>
public sealed record ApiShape
{
    /// <summary>Relative tool URLs are appended to it.</summary>
    public required UrlTemplate BaseUrl { get; init; }

    public ImmutableArray<ApiCredential> Auth { get; init; } = [];

    /// <summary>
    /// Sent with every call; templates over parameters. A header whose optional parameter is absent is left out.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Headers { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Any of these makes a success status an error.</summary>
    public ImmutableArray<BodyMatch> ErrorWhen { get; init; } = [];

    /// <summary>Where an error answer keeps its code, first that is there.</summary>
    public ImmutableArray<ValuePath> ErrorCode { get; init; } = [];
}
