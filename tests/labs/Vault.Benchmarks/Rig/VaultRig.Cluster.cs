using System.Globalization;

namespace Vault.Benchmarks.Rig;

/// <summary>The vault as a cluster.</summary>
internal sealed partial class VaultRig
{
    /// <summary>
    /// Silos on one database, loaded. One that owns accounts and answers HTTP; or, apart, one that answers and another
    /// that owns them all: then every call crosses silos.
    /// </summary>
    public static async Task<VaultRig> StartClusterAsync(
        HttpClient http,
        string folder,
        string database,
        SandboxRig sandbox,
        bool apart,
        Measure.AsyncDisposables rigs,
        CancellationToken cancellationToken
    )
    {
        var url = Checkout.FreeUrl();
        var key = Path.Combine(folder, "first", "master.key");
        var rig = rigs.Add(
            new VaultRig(
                Start(
                    "the gateway silo",
                    url,
                    Path.Combine(folder, "first"),
                    null,
                    database,
                    apart ? "gateway" : "both"
                ),
                http,
                url
            )
        );
        await rig._process.ReadyAsync(http, new Uri(url, "/health/ready"), cancellationToken);
        await rig.LearnKeyAsync(cancellationToken);
        if (apart)
        {
            var other = Checkout.FreeUrl();
            var worker = rigs.Add(
                Start("the worker silo", other, Path.Combine(folder, "second"), key, database, "worker")
            );
            await worker.ReadyAsync(http, new Uri(other, "/health/ready"), cancellationToken);
        }

        await rig.LoadAsync(sandbox, cancellationToken);
        return rig;
    }

    /// <summary>
    /// Silos of one cluster on a database that is filled already; the first finds its master key in its folder.
    /// </summary>
    public static async Task<IReadOnlyList<VaultRig>> StartSilosAsync(
        HttpClient http,
        string folder,
        string database,
        int silos,
        Measure.AsyncDisposables rigs,
        CancellationToken cancellationToken
    )
    {
        List<VaultRig> all = [];
        for (var i = 0; i < silos; i++)
        {
            var (url, key) = (Checkout.FreeUrl(), i == 0 ? null : Path.Combine(folder, "silo0", "master.key"));
            var rig = rigs.Add(
                new VaultRig(
                    Start("silo " + i, url, Path.Combine(folder, "silo" + i), key, database, "both"),
                    http,
                    url
                )
            );
            await rig._process.ReadyAsync(http, new Uri(url, "/health/ready"), cancellationToken);
            if (i == 0)
                await rig.LearnKeyAsync(cancellationToken);
            else
                rig.Key = all[0].Key;
            all.Add(rig);
        }

        return all;
    }

    private static ChildProcess Start(string name, Uri url, string folder, string? key, string database, string role)
    {
        string[] arguments =
        [
            Checkout.Program("src/Vault.Host", "vault-host"),
            "--store",
            "postgres",
            "--listen",
            url.GetLeftPart(UriPartial.Authority),
            "--environment",
            "development",
            "--data",
            folder,
            "--rate-limit-per-second",
            "1000000",
            "--role",
            role,
            "--silo-port",
            Checkout.FreeUrl().Port.ToString(CultureInfo.InvariantCulture),
            .. key is null ? [] : new[] { "--master-key-file", key },
        ];
        return ChildProcess.Start(
            name,
            "dotnet",
            arguments,
            [new("VAULT_DATABASE", database + ";Maximum Pool Size=40")]
        );
    }
}
