using System.Globalization;
using System.Security.Cryptography;
using Vault.Campaigns.Lab;
using Vault.Core.Accounts;
using Vault.Core.Keys;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Campaigns.Keys;

/// <summary>
/// Rotates an organization's key again and again under load and kills the host in the middle; re-wraps all keys under a
/// new master key and kills that in the middle; erases the organization and tries to open its data with a full backup
/// and the master key.
/// </summary>
public sealed class KeyCampaign
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    private readonly LabWorld _world;
    private readonly Random _random;
    private readonly TextWriter _progress;
    private readonly KeyReport _report;

    private KeyCampaign(LabWorld world, int seed, TextWriter progress) =>
        (_world, _random, _progress, _report) = (
            world,
            new Random(seed),
            progress,
            new KeyReport { Setting = world.Options.ToString() }
        );

    /// <param name="options">The setting; one host on SQLite.</param>
    /// <param name="rounds">Rotations.</param>
    /// <param name="resting">Accounts beside those under load: they make a rotation long enough to be cut.</param>
    /// <param name="organizations">Other organizations: they make a re-wrap long enough to be cut.</param>
    /// <param name="seed">Decides the moments.</param>
    /// <param name="progress">Gets a line per step.</param>
    /// <param name="cancellationToken">Stops everything that was started.</param>
    public static async Task<KeyReport> RunAsync(
        LabOptions options,
        int rounds,
        int resting,
        int organizations,
        int seed,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        await using var world = await LabWorld.StartAsync(options, cancellationToken);
        var campaign = new KeyCampaign(world, seed, progress);
        await campaign.RestingAsync(resting, cancellationToken);
        await using (new Load(world, seed))
        {
            for (var round = 0; round < rounds; round++)
                await campaign.RotateAsync(round, cancellationToken);
            await campaign.RewrapAsync(organizations, cancellationToken);
            campaign._report.Violations.AddRange(await Audit.RefreshEveryAccountAsync(world, cancellationToken));
        }

        campaign._report.Violations.AddRange(await Audit.LedgerAgreesAsync(world, cancellationToken));
        if (!(await world.VerifyLedgerAsync(cancellationToken)).IsIntact)
            campaign._report.Violations.Add("the ledger does not verify");
        await Erasure.ProveAsync(world, campaign._report, cancellationToken);
        return campaign._report;
    }

    /// <summary>Accounts that nobody uses: their rows are sealed again all the same.</summary>
    private async Task RestingAsync(int count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            var grant = _world.Sandbox.Grants.Mint(
                new GrantSeed { Subject = "resting", AccessExpiresInSeconds = 86_400 }
            );
            var made = await _world.PostAsync(
                0,
                "/v1/connected_accounts",
                new
                {
                    organization_id = _world.Organization.Value,
                    user_id = "resting-" + i.ToString(CultureInfo.InvariantCulture),
                    connection = _world.Options.Provider,
                    credential = new
                    {
                        type = "oauth_tokens",
                        access_token = grant.AccessToken,
                        refresh_token = grant.RefreshToken,
                        expires_at = DateTimeOffset.UtcNow.AddDays(1).ToString("O", CultureInfo.InvariantCulture),
                    },
                    scopes = grant.Scope.Split(' '),
                },
                cancellationToken
            );
            if (!made.IsOk)
                throw new LabException($"A resting account cannot be made: {made}");
        }
    }

    private async Task RotateAsync(int round, CancellationToken cancellationToken)
    {
        var host = _world.Hosts[0];
        var former = (await _world.Store.KeyRotations.FindAsync(_world.Organization, cancellationToken))?.RowVersion
            ?? 0;
        var asked = _world.PostAsync(
            0,
            $"/v1/organizations/{_world.Organization.Value}:rotate_key",
            new { },
            cancellationToken
        );

        // From the moment at which its journal tells of it: some fall into preparing, some into sealing again.
        await Eventually.TryUntilAsync(
            async () => await _world.Store.KeyRotations.FindAsync(_world.Organization, cancellationToken),
            row => (row?.RowVersion ?? 0) > former,
            Timeout,
            TimeSpan.FromMilliseconds(1),
            cancellationToken
        );
        await Task.Delay(_random.Next(0, 60), cancellationToken);
        await host.KillAsync(cancellationToken);
        await asked;
        var left = await _world.Store.KeyRotations.FindAsync(_world.Organization, cancellationToken);
        var cut = left is { Phase: not KeyRotationPhase.Finished };
        host.Start();
        await host.ReadyAsync(cancellationToken);
        _report.Rotations++;
        if (cut)
            _report.RotationsCut++;
        var done = await FinishedAsync(cancellationToken);
        if (
            done is not null
            && await _world.Store.Sealed.AnyBelowAsync(_world.Organization, done.ToVersion, cancellationToken)
        )
            _report.Violations.Add($"rotation {round + 1}: finished with rows under an older key");
        if (cut && done is not null)
            _report.RowsResealed += done.Resealed;
        foreach (var account in _world.Accounts)
            if (await LostAsync(account, cancellationToken))
                await _world.ConnectAsync(account, cancellationToken);
        await _progress.WriteLineAsync(
            $"rotation {round + 1}: {(cut ? $"cut in phase {left!.Phase} after {left.Resealed} rows" : "not under way when the host died")}, version {done?.ToVersion}"
        );
    }

    private async Task<KeyRotationRow?> FinishedAsync(CancellationToken cancellationToken)
    {
        var wait = await Eventually.TryUntilAsync(
            async () => await _world.Store.KeyRotations.FindAsync(_world.Organization, cancellationToken),
            row => row is null or { Phase: KeyRotationPhase.Finished },
            Timeout,
            cancellationToken: cancellationToken
        );
        if (wait.Met)
            return wait.Last;
        _report.Violations.Add($"a rotation was not finished within {Timeout.TotalSeconds:0} s: {wait.Last?.Phase}");
        return null;
    }

    /// <summary>
    /// A grant whose refresh the kill cut may be lost, and then says so; anything else is a fault of the rotation.
    /// </summary>
    private async Task<bool> LostAsync(LabAccount account, CancellationToken cancellationToken)
    {
        var wait = await Eventually.TryUntilAsync(
            () => _world.ExecuteAsync(0, account, write: false, cancellationToken),
            a => a.IsOk || a.IsLost,
            Timeout,
            cancellationToken: cancellationToken
        );
        var answer = wait.Last ?? LabAnswer.None;
        var state = (await _world.RowAsync(account, cancellationToken)).State;
        if (!answer.IsOk && (state.Reason != StatusReason.RefreshOutcomeLost || !_world.Options.Strict))
            _report.Violations.Add($"{account.User} after a rotation: {state.Status} {state.Reason}: {answer}");
        return answer.IsLost;
    }

    private async Task RewrapAsync(int organizations, CancellationToken cancellationToken)
    {
        for (var i = 0; i < organizations; i++)
        {
            var made = await _world.PostAsync(
                0,
                "/v1/organizations",
                new { display_name = "Other " + i.ToString(CultureInfo.InvariantCulture) },
                cancellationToken
            );
            var connection = await _world.PostAsync(
                0,
                "/v1/connections",
                new
                {
                    organization_id = made["id"],
                    provider = _world.Options.Provider,
                    client_id = "other",
                    client_secret = "a secret to seal",
                },
                cancellationToken
            );
            if (!connection.IsOk)
                throw new LabException($"Another organization's connection cannot be made: {connection}");
        }

        var host = _world.Hosts[0];
        var fresh = Path.Combine(_world.Folder, "new-master.key");
        await File.WriteAllTextAsync(
            fresh,
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            cancellationToken
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] both = ["--master-key-file", fresh, "--previous-master-key-files", _world.MasterKey];
        await RestartAsync(host, both, cancellationToken);
        var id = await Erasure.MasterKeyIdAsync(fresh, cancellationToken);
        var total = await LeftAsync(id, cancellationToken);
        for (var left = total; left > 0 && _report.Rewraps < 100; left = await LeftAsync(id, cancellationToken))
        {
            // Killed as soon as it has done something; a few times, then it may finish.
            using var rewrap = HostProcess.Command(
                "master-rewrap",
                [.. both, "--data", host.Data, "--environment", "development"]
            );
            _report.Rewraps++;
            var begun = left;
            await Eventually.UntilAsync(
                async () => rewrap.HasExited ? 0 : await LeftAsync(id, cancellationToken),
                now => rewrap.HasExited || (_report.RewrapsCut < 5 && now < begun && now > 0),
                pause: HostProcess.Moment,
                cancellationToken: cancellationToken
            );
            if (rewrap.HasExited)
                continue;
            rewrap.Kill();
            await rewrap.WaitForExitAsync(cancellationToken);
            _report.RewrapsCut++;
        }

        _report.KeysRewrapped = total;
        await _progress.WriteLineAsync(
            $"re-wrap: {total} keys in {_report.Rewraps} runs, {_report.RewrapsCut} of them killed in the middle"
        );

        // The old master key is gone for good: whatever were still wrapped under it would not open any more.
        File.Delete(_world.MasterKey);
        File.Move(fresh, _world.MasterKey);
        await RestartAsync(host, [], cancellationToken);
        foreach (var account in _world.Accounts)
            if (await LostAsync(account, cancellationToken))
                await _world.ConnectAsync(account, cancellationToken);
    }

    private static async Task RestartAsync(HostProcess host, string[] more, CancellationToken cancellationToken)
    {
        host.Send(Signal.Terminate);
        await host.ExitedAsync(cancellationToken);
        host.MoreOptions.Clear();
        host.MoreOptions.AddRange(more);
        host.Start();
        await host.ReadyAsync(cancellationToken);
    }

    private async Task<int> LeftAsync(string master, CancellationToken cancellationToken) =>
        (await _world.Store.Keys.ListNotUnderMasterAsync(master, null, 10_000, cancellationToken)).Count;
}
