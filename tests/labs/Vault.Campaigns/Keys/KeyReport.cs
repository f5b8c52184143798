namespace Vault.Campaigns.Keys;

/// <summary>What came of rotating, re-wrapping and erasing.</summary>
public sealed class KeyReport
{
    public required string Setting { get; init; }

    public int Rotations { get; set; }

    /// <summary>Rotations whose host died before they were finished; a later one may have begun by then, too.</summary>
    public int RotationsCut { get; set; }

    public long RowsResealed { get; set; }

    public int Rewraps { get; set; }

    public int RewrapsCut { get; set; }

    public int KeysRewrapped { get; set; }

    public int OpenedBeforeErasure { get; set; }

    public int OpenedAfterErasure { get; set; }

    public int FilesSearchedForWrappedKeys { get; set; }

    public List<string> Violations { get; } = [];

    public bool IsGreen => Violations.Count == 0;
}
