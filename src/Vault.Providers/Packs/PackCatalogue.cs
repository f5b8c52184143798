using System.Diagnostics.CodeAnalysis;
using System.Text;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>
/// The loaded packs: built-in files, then the operator's folder, then the operator's packs in the store. A later pack
/// replaces an earlier one with the same id, and tool sets (<see cref="ToolSet"/>) are added to the resulting pack. A
/// reload builds a new set and swaps one reference, so readers never see a partial change. An invalid pack is skipped
/// and reported; the others load.
/// </summary>
public sealed class PackCatalogue(IPackReader reader, PackOptions options, IPackStore? store = null)
    : IPacks,
        IDisposable
{
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile PackSet _set = PackSet.Empty;
    private long _revision = -1;

    public IReadOnlyCollection<ProviderPack> All => _set.Packs.Values;

    /// <summary>Packs that the last load rejected.</summary>
    public IReadOnlyList<PackRefusal> Refusals { get; private set; } = [];

    public bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? pack) =>
        _set.Packs.TryGetValue(providerId, out pack);

    public bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool) => _set.Tools.TryGetValue(name, out tool);

    public bool TryGetVersion(string name, string version, [NotNullWhen(true)] out Tool? tool)
    {
        var set = _set;
        return (set.Tools.TryGetValue(name, out tool) && tool.Definition.Version == version)
            || set.Earlier.TryGetValue((name, version), out tool);
    }

    public bool TryGetTool(string name, string providerId, [NotNullWhen(true)] out Tool? tool)
    {
        var set = _set;
        if (set.Tools.TryGetValue(name, out tool) && tool.Pack.Id == providerId)
            return true;
        return set.Shared.Tools.TryGetValue((providerId, name), out tool);
    }

    public IReadOnlyList<string> CompatibleProviders(Tool tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        return _set.Shared.Providers.TryGetValue(tool.Definition.Name, out var providers) ? providers : [];
    }

    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _set.Index.Search(query, provider, limit, visible);
    }

    /// <summary>Reloads everything; returns the rejected packs.</summary>
    public async Task<IReadOnlyList<PackRefusal>> LoadAsync(CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            // Read before the packs: a concurrent change then causes one more load at the next poll instead of being
            // missed.
            var revision = store is null ? 0 : await store.RevisionAsync(cancellationToken);
            var refusals = new List<PackRefusal>();
            var packs = new Loading();
            await AddFolderAsync(options.BuiltInFolder, packs, refusals, cancellationToken);
            if (options.Folder is { } folder)
                await AddFolderAsync(folder, packs, refusals, cancellationToken);
            if (store is not null)
            {
                foreach (var stored in (await store.ListAsync(cancellationToken)).Where(p => !StoredPackChange.Is(p)))
                    Add(Encoding.UTF8.GetBytes(stored.Json), "stored pack " + stored.ProviderId, packs, refusals);
            }

            _set = PackSet.Build(packs.WithSets(refusals), refusals);
            Refusals = refusals;
            Interlocked.Exchange(ref _revision, revision);
            return refusals;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Reloads if the store's revision has changed; returns whether it has.</summary>
    public async Task<bool> ReloadIfChangedAsync(CancellationToken cancellationToken)
    {
        if (store is null || await store.RevisionAsync(cancellationToken) == Interlocked.Read(ref _revision))
            return false;
        await LoadAsync(cancellationToken);
        return true;
    }

    public Task RefreshAsync(CancellationToken cancellationToken) => ReloadIfChangedAsync(cancellationToken);

    public void Dispose() => _loading.Dispose();

    private async Task AddFolderAsync(
        string folder,
        Loading packs,
        List<PackRefusal> refusals,
        CancellationToken cancellationToken
    )
    {
        if (!Directory.Exists(folder))
        {
            refusals.Add(new PackRefusal(folder, [new Violation("", "there is no such folder")]));
            return;
        }

        foreach (
            var file in Directory
                .EnumerateFiles(folder, "*.json")
                .Where(f => !f.EndsWith(".schema.json", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            try
            {
                Add(await File.ReadAllBytesAsync(file, cancellationToken), file, packs, refusals);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                refusals.Add(new PackRefusal(file, [new Violation("", "cannot be read: " + e.Message)]));
            }
        }
    }

    private void Add(byte[] json, string source, Loading packs, List<PackRefusal> refusals)
    {
        if (ToolSet.Extends(json, out var removed) is { } provider)
        {
            if (!removed)
                packs.Sets.Add((provider, json, source));
            return;
        }

        var reading = reader.Read(json, source);
        if (reading.Pack is null)
            refusals.Add(new PackRefusal(source, reading.Faults));
        else if (!reading.Pack.DevelopmentOnly || options.Development)
            packs.Packs.Add((reading.Pack, json, source));
    }

    /// <summary>The packs and sets that one load has read so far, each with its JSON.</summary>
    private sealed class Loading
    {
        public List<(ProviderPack Pack, byte[] Json, string Source)> Packs { get; } = [];

        public List<(string Provider, byte[] Json, string Source)> Sets { get; } = [];

        /// <summary>
        /// Adds the sets to their packs. A set that cannot be added is skipped and reported; the pack loads without it.
        /// </summary>
        public List<(ProviderPack, string)> WithSets(List<PackRefusal> refusals)
        {
            foreach (var (provider, json, source) in Sets)
            {
                var at = Packs.FindLastIndex(p => p.Pack.Id == provider);
                if (at < 0)
                {
                    refusals.Add(
                        new PackRefusal(source, [new Violation("/extends", $"there is no provider '{provider}'")])
                    );
                    continue;
                }

                var faults = new List<Violation>();
                var merged = ToolSet.Merge(Packs[at].Json, json, faults);
                var reading = merged is null ? null : new PackReader(ToolSet.MaxBytes).Read(merged, source);
                if (reading is { Pack: { } pack })
                    Packs[at] = (pack, merged!, Packs[at].Source);
                else if (reading is not null)
                    faults.AddRange(reading.Faults);
                if (faults.Count > 0)
                    refusals.Add(new PackRefusal(source, faults));
            }

            return Packs.ConvertAll(p => (p.Pack, p.Source));
        }
    }
}
