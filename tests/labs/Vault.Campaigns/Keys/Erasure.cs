using Vault.Campaigns.Lab;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Sealing;
using Vault.Host.Composition;
using Vault.Storage;
using Vault.TestKit;

namespace Vault.Campaigns.Keys;

/// <summary>
/// What an attacker with a full backup and the master key can do: everything before the erasure, nothing after it.
/// </summary>
internal static class Erasure
{
    public static async Task ProveAsync(LabWorld world, KeyReport report, CancellationToken cancellationToken)
    {
        // Sealed rows as any older copy holds them, and the wrapped keys that would open them.
        List<AccountRow> rows = [];
        foreach (var account in world.Accounts)
            if ((await world.RowAsync(account, cancellationToken)) is { Grant: not null } row)
                rows.Add(row);
        var wrapped = (await world.Store.Keys.ListAsync(world.Organization, cancellationToken))
            .Where(k => k.Wrapped is not null)
            .Select(k => k.Wrapped!)
            .ToList();
        report.OpenedBeforeErasure = await OpenAsync(world, "before", rows, cancellationToken);
        if (report.OpenedBeforeErasure != rows.Count)
            report.Violations.Add(
                $"the attempt itself is wrong: before the erasure it opens {report.OpenedBeforeErasure} of {rows.Count} rows"
            );

        var erased = await Eventually.TryUntilAsync(
            async () =>
            {
                var answer = await world.PostAsync(
                    0,
                    $"/v1/organizations/{world.Organization.Value}:erase",
                    new { },
                    cancellationToken
                );
                return (
                    Answer: answer,
                    Keys: (await world.Store.Keys.ListAsync(world.Organization, cancellationToken)).Count(k =>
                        k.Wrapped is not null
                    )
                );
            },
            look => look is { Answer.IsOk: true, Keys: 0 } && look.Answer["finished_at"] is { } end && end != "null",
            cancellationToken: cancellationToken
        );
        if (!erased.Met)
            report.Violations.Add(
                $"the erasure does not come to its end: {erased.Last.Keys} keys are left, {erased.Last.Answer}"
            );

        // Searched as copied, before anything opens it and tidies up.
        var backup = Backup(world, "searched");
        foreach (var file in Directory.EnumerateFiles(backup, "*", SearchOption.AllDirectories))
        {
            report.FilesSearchedForWrappedKeys++;
            var bytes = await File.ReadAllBytesAsync(file, cancellationToken);
            if (wrapped.Any(w => bytes.AsSpan().IndexOf(w) >= 0))
                report.Violations.Add($"a destroyed key still lies in {Path.GetFileName(file)}");
        }

        report.OpenedAfterErasure = await OpenAsync(world, "after", rows, cancellationToken);
        if (report.OpenedAfterErasure > 0)
            report.Violations.Add($"{report.OpenedAfterErasure} rows open after the erasure");
    }

    /// <summary>The identifier under which keys are wrapped with the master key of a file.</summary>
    public static async Task<string> MasterKeyIdAsync(string file, CancellationToken cancellationToken)
    {
        using var wrapper = await WrapperAsync(file, cancellationToken);
        return wrapper.MasterKeyId;
    }

    private static async Task<LocalKeyWrapper> WrapperAsync(string file, CancellationToken cancellationToken) =>
        new(
            Convert.FromBase64String((await File.ReadAllTextAsync(file, cancellationToken)).Trim()),
            new SystemEntropy()
        );

    /// <summary>A full backup; the host stands still while its files are copied.</summary>
    private static string Backup(LabWorld world, string name)
    {
        var (host, backup) = (world.Hosts[0], Path.Combine(world.Folder, name));
        host.Send(Signal.Stop);
        CopyFolder(host.Data, backup);
        host.Send(Signal.Continue);
        return backup;
    }

    /// <summary>Opens what it can with a full backup and the master key.</summary>
    private static async Task<int> OpenAsync(
        LabWorld world,
        string name,
        List<AccountRow> rows,
        CancellationToken cancellationToken
    )
    {
        var backup = Backup(world, name);
        var entropy = new SystemEntropy();
        await using var store = await VaultStore.OpenSqliteAsync(
            Path.Combine(backup, "vault.db"),
            new LedgerEntryWriter(entropy),
            cancellationToken
        );
        using var wrapper = await WrapperAsync(world.MasterKey, cancellationToken);
        var sealing = new GrantSealing(
            new Sealer(new Keyring(store.Keys, wrapper, entropy, TimeProvider.System), entropy)
        );
        var opened = 0;
        foreach (var row in rows)
        {
            try
            {
                var grant = await sealing.OpenGrantAsync(row, cancellationToken);
                if (grant.IsOk && grant.Value is { } open)
                {
                    opened++;
                    open.Dispose();
                }
            }
            catch (Exception e)
                when (e is DecryptionFailedException or StoreUnavailableException or InvalidOperationException)
            {
                // It does not open.
            }
        }

        return opened;
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(file) is not ("host.lock" or "vault.db-shm"))
                File.Copy(file, target, overwrite: true);
        }
    }
}
