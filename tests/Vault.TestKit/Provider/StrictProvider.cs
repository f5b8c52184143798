using System.Globalization;
using Vault.Core.Packs;

namespace Vault.TestKit.Provider;

public enum Presented
{
    Granted,

    /// <summary>The token is unknown, revoked or used, or its family is revoked.</summary>
    Refused,
}

/// <param name="RefreshToken">Null when the provider does not rotate and omits it.</param>
public sealed record Issued(Presented Result, string? AccessToken, string? RefreshToken);

/// <summary>
/// The token state of a strict provider: families of refresh tokens, when each token was used, and how often a used one
/// was presented again. After the grace period a replay revokes the family, as strict providers do. Not thread-safe;
/// the caller locks.
/// </summary>
public sealed class StrictProvider(Rotation rotation, TimeSpan grace)
{
    private readonly List<Family> _families = [];
    private readonly Dictionary<string, (Family Family, int Index)> _byToken = new(StringComparer.Ordinal);
    private int _issued;

    public Rotation Rotation { get; } = rotation;

    /// <summary>How often a used token was presented again against the rules.</summary>
    public int Replays { get; private set; }

    /// <summary>How often a used token was presented again within the grace period.</summary>
    public int GraceReuses { get; private set; }

    public int Grants { get; private set; }

    public int Refusals { get; private set; }

    /// <summary>A consent, which starts a new token family.</summary>
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
    /// Revokes by RFC 7009: an unknown or revoked token is not an error. A known token revokes its whole family.
    /// </summary>
    public void Revoke(string refreshToken)
    {
        if (!_byToken.TryGetValue(refreshToken, out var place))
            return;

        // A single-use provider does not store used tokens, so it does not know the family of one.
        if (Rotation == Rotation.SingleUse && place.Family.Tokens[place.Index].UsedAt is not null)
            return;
        place.Family.Alive = false;
    }

    /// <summary>Revokes all consents, as a user can on the provider's page.</summary>
    public void RevokeEverything()
    {
        foreach (var family in _families)
            family.Alive = false;
    }

    /// <summary>Revokes one consent, as a user can on the provider's page.</summary>
    public void RevokeFamily(int family) => _families[family].Alive = false;

    /// <summary>Whether the provider would accept the token now.</summary>
    public bool IsGood(string refreshToken, DateTimeOffset now) =>
        _byToken.TryGetValue(refreshToken, out var place)
        && place.Family.Alive
        && (
            place.Family.Tokens[place.Index].UsedAt is not { } usedAt
            || Rotation is Rotation.Never or Rotation.Mints
            || (Rotation == Rotation.Grace && now <= usedAt + grace)
        );

    /// <summary>The refresh tokens that are still valid.</summary>
    public IEnumerable<string> Alive =>
        _families
            .Where(f => f.Alive)
            .SelectMany(f => f.Tokens.Where(t => t.UsedAt is null || Rotation == Rotation.Never).Select(t => t.Text));

    /// <summary>Whether the family is not revoked. Families are numbered from 0 in the order of consents.</summary>
    public bool Lives(int family) => family >= 0 && family < _families.Count && _families[family].Alive;

    /// <summary>The whole state as text. Two providers with the same text behave the same from then on.</summary>
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
