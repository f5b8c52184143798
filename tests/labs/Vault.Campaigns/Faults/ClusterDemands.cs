using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>How large or long each demand is made.</summary>
/// <param name="Accounts">Whose directory entries are lost.</param>
/// <param name="Quiet">How long after the kill no warning may come any more; zero: not looked at.</param>
/// <param name="Restarts">Of one silo, one after the other.</param>
/// <param name="Silos">That start in the same second on an empty database.</param>
/// <param name="Starts">How often they do.</param>
/// <param name="Away">How long PostgreSQL is away.</param>
/// <param name="Due">Accounts that become due while no silo runs.</param>
/// <param name="Skewed">How long silos work together whose clocks are wrong.</param>
public sealed record DemandSizes(
    int Accounts,
    TimeSpan Quiet,
    int Restarts,
    int Silos,
    int Starts,
    TimeSpan Away,
    int Due,
    TimeSpan Skewed
)
{
    public static DemandSizes Long(int starts) =>
        new(
            10_000,
            TimeSpan.FromSeconds(75),
            200,
            10,
            starts,
            TimeSpan.FromSeconds(30),
            10_000,
            TimeSpan.FromSeconds(60)
        );
}

/// <summary>What users of Orleans met in production (the table is in docs/cluster.md), done to three silos.</summary>
public static class ClusterDemands
{
    /// <summary>Accounts stay under load meanwhile.</summary>
    public static IReadOnlyList<StoreFault> UnderLoad(DemandSizes sizes) =>
        [
            new(
                $"the silo that has a part of the directory is killed, {sizes.Accounts:#,0} accounts",
                false,
                (world, stop) => Outages.LoseDirectoryAsync(world, sizes.Accounts, sizes.Quiet, stop)
            ),
            new($"PostgreSQL away for {sizes.Away.TotalSeconds:0} s", false, (world, stop) =>
                Outages.LoseStoreAsync(world, sizes.Away, stop)
            ),
            new($"{sizes.Restarts} restarts of a silo", true, (world, stop) =>
                Starts.RestartAsync(world, sizes.Restarts, stop)
            ),
            new($"{sizes.Silos} silos started in the same second on an empty database", false, (world, stop) =>
                Starts.StartTogetherAsync(world, sizes.Silos, sizes.Starts, stop)
            ),
        ];

    /// <summary>For silos that never sweep until they are told to.</summary>
    public static IReadOnlyList<StoreFault> Idle(DemandSizes sizes) =>
        [
            new($"{sizes.Due:#,0} accounts become due while no silo runs; one starts", false, (world, stop) =>
                Starts.StartColdAsync(world, sizes.Due, stop)
            ),
        ];

    /// <summary>For silos that are allowed that much; see <see cref="SkewedLab"/>.</summary>
    public static IReadOnlyList<StoreFault> Skewed(DemandSizes sizes) =>
        [
            new("clocks of two silos 90 s behind and 90 s ahead", false, (world, stop) =>
                Outages.SkewClocksAsync(world, sizes.Skewed, stop)
            ),
        ];

    /// <summary>Silos that sweep only when they are told to, with accounts whose tokens live for an hour.</summary>
    public static LabOptions IdleLab(LabOptions lab) =>
        Quiet(lab) with
        {
            MoreHostOptions = ["--sweep-interval-ms", "3600000"],
        };

    /// <summary>The lease outlives a call by the largest difference of two clocks.</summary>
    public static LabOptions SkewedLab(LabOptions lab) =>
        lab with
        {
            MoreHostOptions = ["--clock-skew-ms", "185000", "--refresh-lease-ms", "190000"],
        };

    /// <summary>Nobody calls, and what a token endpoint may take is what it is in production.</summary>
    public static LabOptions Quiet(LabOptions lab) =>
        lab with
        {
            Accounts = 1,
            Lanes = 0,
            TokenDelayMs = 0,
            AccessTokenSeconds = 3_600,
            TokenTimeout = TimeSpan.FromSeconds(20),
            Lease = TimeSpan.FromSeconds(30),
        };
}
