using System.Globalization;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.Host.Composition;
using Vault.Host.Options;
using Vault.Storage;

namespace Vault.Host.Commands;

/// <summary>The operator's commands other than running the host.</summary>
public static class HostCommand
{
    public static readonly IReadOnlyList<(string Name, string Help)> Known =
    [
        (
            "ledger-verify ORGANIZATION|platform",
            "verify a hash chain and report every fault; exit code 1 if there are any"
        ),
        (
            "keys-destroy ORGANIZATION DAYS",
            "destroy the organization's keys that a rotation retired at least DAYS (1 or more) days ago; data "
                + "outside the database that is sealed under them, such as backups, can no longer be decrypted"
        ),
        ("master-rewrap", "wrap every organization's keys under the current master key"),
        (
            "keys recover",
            "create a further administrator's key and write it to VAULT_ADMIN_KEY_FILE; needs the master key"
        ),
        (
            "folder-lost FOLDER",
            "declare that no host will have this data folder again (the last part of a holder's name, without its "
                + "number): refreshes that its processes left without an outcome are settled at once"
        ),
        (
            "present-again PROVIDER",
            "present refresh tokens in doubt to the provider again, after it answered twice that one was used"
        ),
        ("options-check", "validate the options"),
        ("health", "ask the host with these options whether it is ready; exit code 1 if it is not"),
    ];

    /// <summary>Splits the command and its arguments from the options; null without a command.</summary>
    public static (string[]? Command, string[] Options) Split(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var words = arguments.TakeWhile(a => !a.StartsWith('-')).ToArray();
        return words.Length == 0 ? (null, arguments) : (words, arguments[words.Length..]);
    }

    public static async Task<int> RunAsync(
        string[] command,
        VaultOptions options,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(to);
        switch (command)
        {
            case ["options-check"]:
                await to.WriteLineAsync("The options are valid.");
                return 0;
            case ["health"]:
                return await HealthProbe.RunAsync(options, to, cancellationToken);
            case ["master-rewrap"]:
                return await RewrapAsync(options, to, cancellationToken);
            case ["keys", "recover"]:
                return await KeyRecovery.RunAsync(options, to, cancellationToken);
            case ["ledger-verify", "platform"]:
                return await VerifyAsync(OrganizationId.Platform, options, to, cancellationToken);
            case ["folder-lost", { Length: 32 } folder] when folder.All(char.IsAsciiHexDigitLower):
                return await DeclareLostAsync(folder, options, to, cancellationToken);
            case ["folder-lost", ..]:
                throw new StartException(
                    "folder-lost needs the id of one data folder, 32 hexadecimal digits; the file host.lock in the "
                        + "folder and the holder of a refresh end with it, before the dot."
                );
            case ["present-again", var provider]:
                return await PresentAgainAsync(provider, options, to, cancellationToken);
            case ["present-again", ..]:
                throw new StartException(
                    "present-again needs one provider, for example: vault-host present-again notion"
                );
            case ["ledger-verify", var id] when OrganizationId.TryParse(id, out var organization):
                return await VerifyAsync(organization, options, to, cancellationToken);
            case ["keys-destroy", var id, var days]
                when OrganizationId.TryParse(id, out var organization)
                    && ushort.TryParse(days, CultureInfo.InvariantCulture, out var retired)
                    && retired > 0:
                return await DestroyKeysAsync(organization, TimeSpan.FromDays(retired), options, to, cancellationToken);
            case ["keys-destroy", ..]:
                throw new StartException(
                    "keys-destroy needs an organization id and a number of days, 1 to 65535, for example: "
                        + "vault-host keys-destroy org_01h… 30"
                );
            case ["ledger-verify", ..]:
                throw new StartException(
                    "ledger-verify needs one organization id, for example: vault-host ledger-verify org_01h…"
                );
            default:
                throw new StartException($"There is no command '{string.Join(' ', command)}'; --help lists them.");
        }
    }

    private static async Task<int> VerifyAsync(
        OrganizationId organization,
        VaultOptions options,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        // Reading needs no lock on the data folder, so the command works while a host runs.
        await using var store = await StoreSetup.OpenAsync(
            options,
            new LedgerEntryWriter(new SystemEntropy()),
            cancellationToken
        );
        var report = await new LedgerVerifier(store.Ledger).VerifyAsync(organization, null, cancellationToken);
        await LedgerReportText.WriteAsync(report, to);
        return report.IsIntact ? 0 : 1;
    }

    private static async Task<int> DeclareLostAsync(
        string folder,
        VaultOptions options,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        await using var store = await StoreSetup.OpenAsync(
            options,
            new LedgerEntryWriter(new SystemEntropy()),
            cancellationToken
        );
        await SettledHolders.DeclareLostAsync(
            store.RefreshNotes,
            folder,
            TimeProvider.System.GetUtcNow(),
            cancellationToken
        );
        await to.WriteLineAsync(
            $"The refreshes that processes on folder {folder} left without an outcome are settled."
        );
        return 0;
    }

    private static async Task<int> PresentAgainAsync(
        string provider,
        VaultOptions options,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        await using var store = await StoreSetup.OpenAsync(
            options,
            new LedgerEntryWriter(new SystemEntropy()),
            cancellationToken
        );
        var forgotten = await PresentAgainGate.ResumeAsync(store.RefreshNotes, provider, cancellationToken);
        await to.WriteLineAsync(
            forgotten == 0
                ? $"Provider {provider} had answered of no token that it was used; nothing changes."
                : $"{forgotten} answers of provider {provider} are forgotten; the sweep presents tokens in doubt again."
        );
        return 0;
    }

    private static async Task<int> DestroyKeysAsync(
        OrganizationId organization,
        TimeSpan retiredFor,
        VaultOptions options,
        TextWriter to,
        CancellationToken cancellationToken
    )
    {
        var entropy = new SystemEntropy();
        var entryWriter = new LedgerEntryWriter(entropy);
        await using var store = await StoreSetup.OpenAsync(options, entryWriter, cancellationToken);
        if (await store.Organizations.FindAsync(organization, cancellationToken) is null)
            throw new StartException($"There is no organization {organization.Value}.");
        await using var ledger = new LedgerWriter(store.Ledger, entryWriter, TimeProvider.System);
        var done = await new RetiredKeys(
            store.Keys,
            store.Sealed,
            ledger,
            new IdFactory(TimeProvider.System, entropy),
            TimeProvider.System
        ).DestroyAsync(organization, retiredFor, "operator", cancellationToken);
        if (!done.TryGet(out var destroyed, out var refused))
            throw new StartException(refused.Detail + " The remaining keys were not destroyed; run the command again.");
        var left = (await store.Keys.ListAsync(organization, cancellationToken)).Count(k =>
            k.Status == OrganizationKeyStatus.Retired
        );
        await to.WriteLineAsync(
            $"{destroyed} retired keys destroyed, {left} kept: retired less than {retiredFor.TotalDays:0} days "
                + "ago, or a row is still sealed under them."
        );
        return 0;
    }

    // Before it is done (law 7).
    private static async Task RecordAsync(
        VaultStore store,
        SystemEntropy entropy,
        string command,
        object arguments,
        CancellationToken cancellationToken
    )
    {
        await using var ledger = new LedgerWriter(store.Ledger, new LedgerEntryWriter(entropy), TimeProvider.System);
        var platform = new PlatformLedger(ledger, new IdFactory(TimeProvider.System, entropy), TimeProvider.System);
        var unrecorded = await platform.RecordAsync(
            LedgerEvents.OperatorCommand,
            "operator",
            new { command, arguments },
            cancellationToken
        );
        if (unrecorded is not null)
            throw new StartException("The command could not be recorded, so it was not run: " + unrecorded.Detail);
    }

    private static async Task<int> RewrapAsync(VaultOptions options, TextWriter to, CancellationToken cancellationToken)
    {
        var entropy = new SystemEntropy();
        await using var store = await StoreSetup.OpenAsync(options, new LedgerEntryWriter(entropy), cancellationToken);
        var wrapper = await MasterKeys.OpenAsync(options, store, entropy, cancellationToken);
        try
        {
            await RecordAsync(store, entropy, "master-rewrap", new { wrapper.MasterKeyId }, cancellationToken);
            var report = await new MasterRewrap(store.Keys, wrapper).RunAsync(cancellationToken);
            var left = report.Done
                ? "none is left under another master key."
                : $"{report.Broken.Count} cannot be unwrapped with any given master key; run again, or add the missing "
                    + "one to VAULT_PREVIOUS_MASTER_KEY_FILES.";
            await to.WriteLineAsync($"{report.Rewrapped} keys wrapped under {wrapper.MasterKeyId}; {left}");
            return report.Done ? 0 : 1;
        }
        finally
        {
            (wrapper as IDisposable)?.Dispose();
        }
    }
}
