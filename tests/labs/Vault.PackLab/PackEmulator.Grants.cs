using Vault.Core.Packs;

namespace Vault.PackLab;

/// <summary>The part that keeps grants, as strictly as the pack says its provider does.</summary>
internal sealed partial class PackEmulator
{
    private readonly Dictionary<string, Family> _byRefresh = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Family> _byAccess = new(StringComparer.Ordinal);
    private int _serial;

    /// <summary>Refresh tokens presented again after they were used up.</summary>
    public int Replays { get; private set; }

    public int GraceReuses { get; private set; }

    public int Refreshes { get; private set; }

    private sealed class Family
    {
        public bool Alive { get; set; } = true;

        public string? Current { get; set; }

        public string? Previous { get; set; }

        public DateTimeOffset RotatedAt { get; set; }
    }

    /// <summary>A family of tokens as a consent makes it.</summary>
    public (string Access, string Refresh) Consent()
    {
        var family = new Family { Current = Next("rt") };
        _byRefresh[family.Current] = family;
        return (Access(family), family.Current);
    }

    public bool IsGood(string access) => _byAccess.TryGetValue(access, out var family) && family.Alive;

    /// <summary>Null: refused. A null refresh token in the answer: the one in hand goes on working.</summary>
    private (string Access, string? Refresh)? Refresh(string presented)
    {
        if (!_byRefresh.TryGetValue(presented, out var family) || !family.Alive)
            return null;
        var policy = pack.Refresh;
        if (policy.Rotation is Rotation.Never or Rotation.Mints)
        {
            Refreshes++;
            return (Access(family), null);
        }

        if (presented != family.Current)
        {
            Replays++;
            if (
                policy.Rotation == Rotation.Grace
                && presented == family.Previous
                && time.GetUtcNow() < family.RotatedAt + policy.Grace
            )
            {
                Replays--;
                GraceReuses++;
                Refreshes++;
                return (Access(family), family.Current);
            }

            if (policy.Rotation is Rotation.FamilyKill or Rotation.Grace)
                family.Alive = false;
            return null;
        }

        Refreshes++;
        (family.Previous, family.Current, family.RotatedAt) = (family.Current, Next("rt"), time.GetUtcNow());
        _byRefresh[family.Current] = family;
        return (Access(family), family.Current);
    }

    private bool Revoke(string token)
    {
        if (!_byRefresh.TryGetValue(token, out var family) && !_byAccess.TryGetValue(token, out family))
            return false;
        family.Alive = false;
        return true;
    }

    private string Access(Family family)
    {
        var access = Next("at");
        _byAccess[access] = family;
        return access;
    }

    private string Next(string kind) => $"lab_{kind}_{++_serial}";
}
