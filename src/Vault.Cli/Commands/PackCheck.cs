using System.Collections.Immutable;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Providers.Packs;

namespace Vault.Cli.Commands;

/// <param name="Extends">The provider, if the file is a tool set.</param>
/// <param name="Tools">Null if the file is invalid.</param>
internal sealed record CheckedFile(
    string File,
    string? Id,
    string? Version,
    string? Extends,
    int? Tools,
    ImmutableArray<Violation> Faults
)
{
    public bool IsValid => Faults.Length == 0;
}

/// <summary>
/// Checks files as a host would load them. A tool set is checked against its provider's pack: one of the given files,
/// one in the same folder (<c>ID.json</c>), or a shipped one.
/// </summary>
internal static class PackCheck
{
    public static async Task<IReadOnlyList<CheckedFile>> RunAsync(
        CliConsole console,
        IReadOnlyList<string> files,
        CancellationToken cancellationToken
    )
    {
        var texts = new List<(string File, byte[] Json, string? Extends)>();
        foreach (var file in files.Distinct(StringComparer.Ordinal))
        {
            var json = await Inputs.BytesAsync(console, file, ImportRequest.MaxDocument, cancellationToken);
            texts.Add((file, json, ToolSetReader.Extends(json)));
        }

        var readings = texts
            .Where(t => t.Extends is null)
            .ToDictionary(t => t.File, t => new PackReader().Read(t.Json, t.File), StringComparer.Ordinal);
        var packs = readings
            .Values.Select(r => r.Pack)
            .OfType<ProviderPack>()
            .GroupBy(p => p.Id)
            .ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        var results = new List<CheckedFile>();
        foreach (var (file, json, extends) in texts)
        {
            if (extends is null)
                results.Add(
                    new CheckedFile(
                        file,
                        readings[file].Pack?.Id,
                        readings[file].Pack?.Version,
                        null,
                        readings[file].Pack?.Tools.Length,
                        readings[file].Faults
                    )
                );
            else if (
                (packs.GetValueOrDefault(extends) ?? await FindAsync(extends, file, cancellationToken)) is not { } pack
            )
                results.Add(
                    new CheckedFile(
                        file,
                        null,
                        null,
                        extends,
                        null,
                        [
                            new Violation(
                                "/extends",
                                $"'{extends}' is neither shipped, nor among the given files, nor in this file's "
                                    + $"folder as {extends}.json"
                            ),
                        ]
                    )
                );
            else if (ToolSetReader.Read(json, file, pack) is var reading)
                results.Add(new CheckedFile(file, null, null, extends, reading.Tools, reading.Faults));
        }

        return results;
    }

    private static async Task<ProviderPack?> FindAsync(
        string provider,
        string file,
        CancellationToken cancellationToken
    )
    {
        var folders = new List<string> { new PackOptions().BuiltInFolder };
        if (file != "-")
            folders.Insert(0, Path.GetDirectoryName(Path.GetFullPath(file))!);
        // The value comes from a file; only a valid id may become part of a path.
        if (!provider.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
            return null;
        foreach (var place in folders.Select(f => Path.Combine(f, provider + ".json")).Where(File.Exists))
            if (
                new PackReader().Read(await File.ReadAllBytesAsync(place, cancellationToken), place).Pack is { } pack
                && pack.Id == provider
            )
                return pack;
        return null;
    }
}
