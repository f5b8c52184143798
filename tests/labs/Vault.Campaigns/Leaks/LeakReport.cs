namespace Vault.Campaigns.Leaks;

/// <param name="Bytes">How much was searched.</param>
/// <param name="Hits">Credentials found in the clear: their kind and form.</param>
/// <param name="PlantedFound">Forms of the planted leak that were found there; all of <see cref="LeakReport.Forms"/>
/// when the search works.</param>
public sealed record LeakPlaceReport(string Name, long Bytes, IReadOnlyList<string> Hits, int PlantedFound);

/// <summary>What the search for credentials came to.</summary>
public sealed record LeakReport(string Setting, int Forms, IReadOnlyList<LeakPlaceReport> Places)
{
    public IReadOnlyList<string> Violations =>
        [
            .. Places
                .Where(p => p.Hits.Count > 0)
                .Select(p => $"{p.Name}: {p.Hits.Count} in the clear: {string.Join("; ", p.Hits.Distinct())}"),
            .. Places
                .Where(p => p.PlantedFound < Forms)
                .Select(p => $"{p.Name}: a planted leak was found in {p.PlantedFound} of {Forms} forms only"),
        ];

    public bool IsGreen => Violations.Count == 0;
}
