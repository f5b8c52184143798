using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Core.Refresh;

/// <summary>
/// An account's row and gate as read, with the origins its credential is bound to. Nothing is decrypted for it.
/// </summary>
public sealed class SeenAccount(AccountSnapshot snapshot)
{
    private Comparison? _compared;

    public AccountRow Row => snapshot.Row;

    public Gate Gate => snapshot.Gate;

    /// <summary>
    /// The origins of what an API call presents: the grant, otherwise the static credential. Null for an account that
    /// is
    /// not bound yet (<see cref="DestinationBinder"/>).
    /// </summary>
    public Destinations? Bound { get; } = (snapshot.Row.Grant ?? snapshot.Row.Credential)?.ReadDestinations();

    /// <summary>
    /// The origin outside the bound ones that a tool would call; null when the credential may be sent. The result is
    /// kept while the connection has the same version: its parameters and those of the row decide about the origin.
    /// </summary>
    public string? OutsideFor(Tool tool, ConnectionRow connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (Bound is not { } bound)
            return null;
        var template = PackOrigins.OfTool(tool);
        if (template.FixedOrigin is { } origin)
            return bound.Covers(origin) ? null : origin;
        if (_compared is { } known && ReferenceEquals(known.Template, template) && known.Version == connection.Version)
            return known.Outside;
        var outside = PackOrigins.Outside(
            bound,
            tool.Pack,
            connection.Settings.Parameters.SetItems(Row.State.Parameters),
            [template]
        );
        _compared = new Comparison(template, connection.Version, outside);
        return outside;
    }

    private sealed record Comparison(UrlTemplate Template, long Version, string? Outside);
}
