using System.Collections.Concurrent;
using System.Text;
using Npgsql;
using Vault.Campaigns.Lab;
using Vault.TestKit;
using Vault.TestKit.Leaks;

namespace Vault.Campaigns.Leaks;

/// <summary>
/// Law 2, looked at from outside the process: recognisable credentials go through every flow, then every place where
/// one could have been left is searched, in every form. Afterwards a leak is planted in each place, in each form, and
/// the search has to find it: a search that finds nothing must be one that can find something.
/// </summary>
public static class LeakCampaign
{
    private static readonly string[] Planted = ["plain", "base64 at 0", "URL-encoded", "JSON-escaped"];

    /// <param name="options">The setting.</param>
    /// <param name="quick">Leaves out what takes long: the spool and the provider that takes too long.</param>
    /// <param name="cancellationToken">Stops everything that was started.</param>
    public static async Task<LeakReport> RunAsync(LabOptions options, bool quick, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var sink = await TraceSink.StartAsync(cancellationToken);
        var temporary = Directory.CreateTempSubdirectory("vault-crash-tmp-").FullName;
        try
        {
            // A pack that is refused makes the host log from the start; small outputs make it keep the rest.
            var packs = Directory.CreateDirectory(Path.Combine(temporary, "packs")).FullName;
            await File.WriteAllTextAsync(Path.Combine(packs, "refused.json"), "{ \"format\": 1 }", cancellationToken);
            options = options with
            {
                MoreHostOptions =
                [
                    "--packs",
                    packs,
                    "--max-output-bytes",
                    "1024",
                    "--otlp-endpoint",
                    sink.Traces.GetLeftPart(UriPartial.Authority),
                    "--log-level",
                    "trace",
                ],
                Environment = new Dictionary<string, string>
                {
                    ["TMPDIR"] = temporary,
                    ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
                },
            };
            await using var world = await LabWorld.StartAsync(options, cancellationToken);
            return await SearchAsync(world, sink, temporary, quick, cancellationToken);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static async Task<LeakReport> SearchAsync(
        LabWorld world,
        TraceSink sink,
        string temporary,
        bool quick,
        CancellationToken cancellationToken
    )
    {
        ConcurrentQueue<byte[]> answers = new(),
            errors = new(),
            headers = new();
        List<byte[]> pages = [];
        world.Tap = (answer, text) =>
        {
            (answer.IsSuccessStatusCode ? answers : errors).Enqueue(Encoding.UTF8.GetBytes(text));
            headers.Enqueue(Encoding.UTF8.GetBytes(answer.Headers.ToString()));
        };
        var keptSpool = Path.Combine(world.Folder, "kept-spool");
        await new LeakFlows(world, pages, keptSpool).RunAsync(quick, cancellationToken);
        await world.VerifyLedgerAsync(cancellationToken);
        await Eventually.UntilAsync(
            () => !sink.Received.IsEmpty,
            () => "no traces",
            cancellationToken: cancellationToken
        );

        List<LeakPlace> places =
        [
            Gathered("answers", answers),
            Gathered("refusals", errors),
            Gathered("answer headers", headers),
            new GatheredPlace(
                "pages of the connect flow",
                () => pages,
                text =>
                {
                    pages.Add(Encoding.UTF8.GetBytes(text));
                    return Task.CompletedTask;
                }
            ),
            new GatheredPlace("traces (OTLP)", () => [.. sink.Received], sink.SendAsync),
            .. Http(world, sink),
            .. Files(world, temporary, keptSpool),
            .. await DatabaseAsync(world, cancellationToken),
            new ProcessPlace("process arguments", [.. world.Hosts.Select(h => h.Id)], "cmdline"),
            new ProcessPlace("process environment", [.. world.Hosts.Select(h => h.Id)], "environ"),
        ];
        var master = (await File.ReadAllTextAsync(world.MasterKey, cancellationToken)).Trim();
        (string Kind, SecretForms Forms)[] credentials =
        [
            ("access token", new("sbx_at_")),
            ("refresh token", new("sbx_rt_")),
            ("code", new("sbx_code_")),
            ("client secret", new("demo-secret")),
            ("administrator's key", new(world.AdminKey[(world.AdminKey.LastIndexOf('_') + 1)..])),
            ("master key", new(master[..^1])),
        ];
        var (hits, bytes) = (new Dictionary<string, List<string>>(), new Dictionary<string, long>());
        foreach (var place in places)
        {
            var pieces = await place.ReadAsync(cancellationToken);
            hits[place.Name] =
            [
                .. from piece in pieces
                from c in credentials
                let hit = c.Forms.FirstIn(piece)
                where hit is not null
                select $"{c.Kind}, {hit.Value.Form}",
            ];
            bytes[place.Name] = pieces.Sum(p => (long)p.Length);
        }

        var found = await PlantAsync(places, cancellationToken);
        foreach (var place in places.OfType<IDisposable>())
            place.Dispose();
        return new LeakReport(
            world.Options.ToString(),
            Planted.Length,
            [.. places.Select(p => new LeakPlaceReport(p.Name, bytes[p.Name], hits[p.Name], found[p.Name]))]
        );
    }

    /// <summary>
    /// Plants in each place one text that holds four secrets, each in another form, and looks for each secret by
    /// itself.
    /// </summary>
    private static async Task<Dictionary<string, int>> PlantAsync(
        IReadOnlyList<LeakPlace> places,
        CancellationToken cancellationToken
    )
    {
        var found = new Dictionary<string, int>();
        foreach (var (place, number) in places.Select((p, n) => (p, n)))
        {
            var secrets = Planted
                .Select(form => (Form: form, Secret: $"planted/{number}/{form.Replace(' ', '-')}/0123456789"))
                .ToList();
            var text = string.Join(
                ' ',
                secrets.Select(s => Encoding.UTF8.GetString(SecretForms.FormsOf(s.Secret)[s.Form]))
            );
            await place.PlantAsync(" " + text + " ", cancellationToken);
            var pieces = await place.ReadAsync(cancellationToken);
            found[place.Name] = secrets.Count(s =>
                new SecretForms(s.Secret) is var forms && pieces.Any(p => forms.AreIn(p))
            );
        }

        return found;
    }

    private static GatheredPlace Gathered(string name, ConcurrentQueue<byte[]> queue) =>
        new(
            name,
            () => [.. queue],
            text =>
            {
                queue.Enqueue(Encoding.UTF8.GetBytes(text));
                return Task.CompletedTask;
            }
        );

    private static IEnumerable<LeakPlace> Http(LabWorld world, TraceSink sink)
    {
        var organization = "?organization_id=" + world.Organization.Value;
        (string Name, string Path)[] pages =
        [
            ("metrics", "/metrics"),
            ("API description", "/openapi/v1.json"),
            ("documentation", "/docs"),
            ("ledger, queried", "/v1/ledger" + organization + "&page_size=200"),
            ("ledger, exported for a SIEM (OCSF)", "/v1/ledger:export" + organization),
            ("ledger, exported as a chain", "/v1/ledger:export" + organization + "&format=chain"),
            ("list of accounts", "/v1/connected_accounts" + organization),
            ("one account", $"/v1/connected_accounts/{world.Accounts[0].Id}{organization}"),
            ("list of connections", "/v1/connections" + organization),
        ];
        return pages.Select(p => new HttpPlace(p.Name, world.Hosts[0].Client, p.Path, sink.LeakAsync));
    }

    private static IEnumerable<LeakPlace> Files(LabWorld world, string temporary, string keptSpool)
    {
        var host = world.Hosts[0];
        yield return new FilesPlace("log (standard output, level trace)", Path.GetDirectoryName(host.LogFile)!, f =>
            f == host.LogFile
        );
        yield return new FilesPlace("standard error", Path.GetDirectoryName(host.ErrorFile)!, f => f == host.ErrorFile);
        yield return new FilesPlace("reply spool, with a reply in it", keptSpool, f =>
            f.EndsWith(".reply", StringComparison.Ordinal)
        );
        yield return new FilesPlace("data folder, everything beside the database", host.Data, f =>
            !Path.GetFileName(f).StartsWith("vault.db", StringComparison.Ordinal)
            && !f.EndsWith("host.lock", StringComparison.Ordinal)
        );

        // The runtime's own pipes and sockets lie there, too; reading one would wait for ever.
        yield return new FilesPlace("temporary files", temporary, f =>
            !Path.GetFileName(f).StartsWith("clr-", StringComparison.Ordinal)
            && !Path.GetFileName(f).StartsWith("dotnet-", StringComparison.Ordinal)
        );
        if (world.Server is not null)
            yield break;
        yield return new FilesPlace("SQLite file", host.Data, f => f.EndsWith("vault.db", StringComparison.Ordinal));
        yield return new FilesPlace("SQLite write-ahead log", host.Data, f =>
            f.EndsWith("vault.db-wal", StringComparison.Ordinal)
        );
        yield return new FilesPlace("SQLite shared memory", host.Data, f =>
            f.EndsWith("vault.db-shm", StringComparison.Ordinal)
        );
    }

    private static async Task<IReadOnlyList<LeakPlace>> DatabaseAsync(
        LabWorld world,
        CancellationToken cancellationToken
    )
    {
        List<LeakPlace> places =
        [
            .. await TablePlace.AllAsync(
                world.Database,
                Path.Combine(world.Hosts[0].Data, "vault.db"),
                cancellationToken
            ),
        ];
        if (world.Server is not { } server)
            return places;
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.Url) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("checkpoint; show data_directory", connection);
        var data = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        places.Add(new FilesPlace("PostgreSQL table files", Path.Combine(data, "base"), _ => true));
        places.Add(new FilesPlace("PostgreSQL write-ahead log", Path.Combine(data, "pg_wal"), _ => true));
        places.Add(
            new FilesPlace("PostgreSQL server log", data, f => f.EndsWith("server.log", StringComparison.Ordinal))
        );
        return places;
    }
}
