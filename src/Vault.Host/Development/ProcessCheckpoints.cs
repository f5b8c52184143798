using System.Globalization;
using System.Runtime.InteropServices;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Host.Development;

/// <summary>
/// The fault lab's trigger, only in development. A file at the given path names a point and a signal (<c>before_send
/// KILL</c>, <c>reply_received STOP</c>). The first thread of this process that reaches the point removes the file and
/// sends the signal to the process, so that it dies or freezes exactly there. <c>any</c> matches every point. The point
/// and the account are then in <c>FILE.reached</c>. <c>WEDGE</c> instead of a signal keeps the process alive with a
/// blocked thread pool.
/// </summary>
public sealed class ProcessCheckpoints(string file) : ICheckpoints
{
    private const int SigKill = 9;

    // The number of SIGSTOP differs between systems.
    private static readonly int SigStop = OperatingSystem.IsMacOS() ? 17 : 19;

    public ValueTask ReachAsync(string name, AccountKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Reach(name, key.ToString());
        return ValueTask.CompletedTask;
    }

    public void Reach(string name, string where)
    {
        if (!File.Exists(file))
            return;
        string[] parts;
        var mine = string.Create(CultureInfo.InvariantCulture, $"{file}.{Environment.CurrentManagedThreadId}");
        try
        {
            parts = File.ReadAllText(file)
                .Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2 || (parts[0] != name && parts[0] != "any"))
                return;

            // A rename is atomic: of several threads at the point, one succeeds.
            File.Move(file, mine, overwrite: true);
            File.WriteAllText(mine, $"{name} {where}\n");
            File.Move(mine, file + ".reached", overwrite: true);
        }
        catch (IOException)
        {
            // Another thread was first, or the lab removed the file.
            return;
        }

        if (parts[1] == "WEDGE")
            BlockPool();

        // Send the signal to this thread, which handles it before it continues. A signal to the process may be handled
        // by another thread, and by then this thread could already have committed.
        _ = Raise(parts[1] == "STOP" ? SigStop : SigKill);
    }

    // More work items than the pool would add threads for in hours; this thread blocks too.
    private static void BlockPool()
    {
        static void Block(object? state) => Thread.Sleep(Timeout.Infinite);
        for (var i = 0; i < 100_000; i++)
            ThreadPool.UnsafeQueueUserWorkItem(Block, null);
        Block(null);
    }

    [DllImport("libc", EntryPoint = "raise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Raise(int signal);
}
