using Vault.Core.Connections;
using Vault.Core.Scopes;

namespace Vault.Gateway.Rest.Scopes;

/// <param name="Percent">The share of users whose new links request it; a user always falls into the same
/// share.</param>
/// <param name="Needless">Scopes that no tool of the connection needs.</param>
/// <param name="Lacking">The minimum scopes that tools of the connection need in addition.</param>
/// <param name="Diff">Compared with the active version, or with the requested one.</param>
internal sealed record BundleView(
    int Version,
    BundleStage Stage,
    int Percent,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string> Needless,
    IReadOnlyList<string> Lacking,
    DiffView Diff,
    string? Note,
    DateTimeOffset CreatedAt,
    string CreatedBy
)
{
    public static BundleView Of(AssessedBundle assessed)
    {
        var (bundle, against) = (assessed.Bundle, assessed.Against);
        return new BundleView(
            bundle.Version,
            bundle.Stage,
            bundle.Percent,
            bundle.Scopes,
            assessed.Needless,
            assessed.Lacking,
            new DiffView(against.Added, against.Removed, against.ToolsGained, against.ToolsLost),
            bundle.Note,
            bundle.CreatedAt,
            bundle.CreatedBy
        );
    }
}

internal sealed record DiffView(
    IReadOnlyList<string> Added,
    IReadOnlyList<string> Removed,
    IReadOnlyList<string> ToolsGained,
    IReadOnlyList<string> ToolsLost
);

internal sealed record BundleListView(IReadOnlyList<BundleView> Items);

internal sealed record LackingView(
    string ConnectedAccountId,
    string UserId,
    string AccountLabel,
    Vault.Core.Accounts.AccountStatus Status,
    IReadOnlyList<string> MissingScopes
)
{
    public static LackingView Of(LackingAccount lacking) =>
        new(
            lacking.Account.Id.Value,
            lacking.Account.Key.User.Value,
            lacking.Account.Key.Label,
            lacking.Account.State.Status,
            lacking.MissingScopes
        );
}

/// <summary>The version number in a path.</summary>
internal static class BundleVersion
{
    public static int Of(Http.Call call) =>
        int.TryParse(call.Route("version"), System.Globalization.NumberStyles.None, null, out var version)
            ? version
            : 0;
}
