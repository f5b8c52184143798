using System.Globalization;
using Vault.Core.Packs;

namespace Vault.TestKit.Provider;

public enum Presented
{
    Granted,

    /// <summary>Refused: unknown, revoked, used up, or its family is dead.</summary>
    Refused,
}

/// <param name="RefreshToken">Null where the provider leaves it out (it does not rotate).</param>
public sealed record Issued(Presented Result, string? AccessToken, string? RefreshToken);

/// <summary>
/// The bookkeeping of a provider that forgives nothing: families of refresh tokens, which of them were used and when,
/// and how often a used one came back. Past the grace window a used token kills its family, as the strict ones among
/// the real providers do. Not thread-safe; whoever drives it locks.
/// </summary>
public sealed class StrictProvider(Rotation rotation, TimeSpan grace)
{
    private readonly List<Family> _families = [];
    private readonly Dictionary<string, (Family Family, int Index)> _byToken = new(StringComparer.Ordinal);
    private int _issued;

    public Rotation Rotation { get; } = rotation;

    /// <summary>Used tokens that were presented again where that is not allowed.</summary>
    public int Replays { get; private set; }

    /// <summary>Used tokens presented again within the grace window.</summary>
    public int GraceReuses { get; private set; }

    public int Grants { get; private set; }

    public int Refusals { get; private set; }

    /// <summary>A consent: a family of its own.</summary>
    public Issued Consent()
    {
        var family = new Family { Number = _families.Count };
        _families.Add(family);
        return Issue(family);
    }

    public Issued Present(string refreshToken, DateTimeOffset now)
    {
        if (!_byToken.TryGetValue(refreshToken, out var place) || !place.Family.Alive)
            return Refuse();
        var token = place.Family.Tokens[place.Index];
        if (Rotation is Rotation.Never or Rotation.Mints)
        {
            Grants++;
            return new Issued(Presented.Granted, "at-" + Next(), null);
        }

        if (token.UsedAt is { } usedAt)
        {
            if (Rotation == Rotation.Grace && now <= usedAt + grace)
            {
                GraceReuses++;
                return Issue(place.Family);
            }

            Replays++;
            if (Rotation is Rotation.FamilyKill or Rotation.Grace)
                place.Family.Alive = false;
            return Refuse();
        }

        place.Family.Tokens[place.Index] = token with { UsedAt = now };
        return Issue(place.Family);
    }

    /// <summary>
    /// RFC 7009: an unknown or dead token is fine, too. Any token that is still known takes its family along.
    /// </summary>
    public void Revoke(string refreshToken)
    {
        if (!_byToken.TryGetValue(refreshToken, out var place))
            return;

        // A single-use provider has forgotten what was used up; so it cannot tell what to revoke.
        if (Rotation == Rotation.SingleUse && place.Family.Tokens[place.Index].UsedAt is not null)
            return;
        place.Family.Alive = false;
    }

    /// <summary>As a person does on the provider's page.</summary>
    public void RevokeEverything()
    {
        foreach (var family in _families)
            family.Alive = false;
    }

    /// <summary>As a person does on the provider's page, with one consent.</summary>
    public void RevokeFamily(int family) => _families[family].Alive = false;

    /// <summary>Whether presenting it now would be granted.</summary>
    public bool IsGood(string refreshToken, DateTimeOffset now) =>
        _byToken.TryGetValue(refreshToken, out var place)
        && place.Family.Alive
        && (
            place.Family.Tokens[place.Index].UsedAt is not { } usedAt
            || Rotation is Rotation.Never or Rotation.Mints
            || (Rotation == Rotation.Grace && now <= usedAt + grace)
        );

    /// <summary>Refresh tokens with which somebody could still get in.</summary>
    public IEnumerable<string> Alive =>
        _families
            .Where(f => f.Alive)
            .SelectMany(f => f.Tokens.Where(t => t.UsedAt is null || Rotation == Rotation.Never).Select(t => t.Text));

    /// <summary>Whether the family, counted from 0 in the order of consents, has not been revoked or killed.</summary>
    public bool Lives(int family) => family >= 0 && family < _families.Count && _families[family].Alive;

    /// <summary>The whole of it as text; two providers with one text behave alike from here on.</summary>
    public string Describe(DateTimeOffset origin) =>
        string.Join(
            ';',
            _families.Select(f =>
                (f.Alive ? "+" : "-")
                + string.Join(
                    ',',
                    f.Tokens.Select(t =>
                        t.Text
                        + (
                            t.UsedAt is { } at
                                ? "@" + (at - origin).TotalSeconds.ToString(CultureInfo.InvariantCulture)
                                : ""
                        )
                    )
                )
            )
        ) + $"|{Replays}";

    private Issued Issue(Family family)
    {
        Grants++;
        var number = Next();
        var text = $"rt-{family.Number}-{number}";
        _byToken[text] = (family, family.Tokens.Count);
        family.Tokens.Add(new Token(text, null));
        return new Issued(Presented.Granted, "at-" + number, text);
    }

    private Issued Refuse()
    {
        Refusals++;
        return new Issued(Presented.Refused, null, null);
    }

    private int Next() => ++_issued;

    private sealed record Token(string Text, DateTimeOffset? UsedAt);

    private sealed class Family
    {
        public required int Number { get; init; }

        public bool Alive { get; set; } = true;

        public List<Token> Tokens { get; } = [];
    }
}
