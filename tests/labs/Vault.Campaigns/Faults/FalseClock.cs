using System.Globalization;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// A process whose clock is wrong: libfaketime (Debian's package faketime) answers it. Its monotonic clock stays right.
/// </summary>
internal static class FalseClock
{
    private static readonly string? Library = new[]
    {
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
        "/usr/local/lib",
    }
        .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1"))
        .FirstOrDefault(File.Exists);

    public static IEnumerable<(string Name, string Value)> Variables(int seconds) =>
        [
            ("LD_PRELOAD", Library ?? throw new LabException("libfaketime is missing: apt-get install faketime")),
            ("FAKETIME", seconds.ToString("+0;-0", CultureInfo.InvariantCulture) + "s"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
}
