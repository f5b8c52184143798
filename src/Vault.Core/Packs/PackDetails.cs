using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>Endpoints and rules of a provider. URLs may hold <c>{parameter}</c> places filled from validated connection or account parameters.</summary>
public sealed record PackDetails
{
    public string? AuthorizationUrl { get; init; }

    public string? TokenUrl { get; init; }
}
