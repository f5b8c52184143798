using System.Globalization;
using System.Runtime.InteropServices;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Host.Development;

/// <summary>
/// The fault lab's trigger, wired in development only. A file at the place given names a point and a signal
/// (<c>before_send KILL</c>, <c>reply_received STOP</c>); whoever in this process comes to that point first takes the
/// file away and sends the signal to the process itself, so that it dies or freezes exactly there. <c>any</c> is every
/// point. What was reached is left beside it as <c>FILE.reached</c>: the point and the account. <c>WEDGE</c> instead of
/// a signal leaves the process alive with a thread pool that stands still.
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
        string[] words;
        var mine = string.Create(CultureInfo.InvariantCulture, $"{file}.{Environment.CurrentManagedThreadId}");
        try
        {
            words = File.ReadAllText(file)
                .Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 2 || (words[0] != name && words[0] != "any"))
                return;

            // A rename: of several that reach the point at once, one has it.
            File.Move(file, mine, overwrite: true);
            File.WriteAllText(mine, $"{name} {where}\n");
            File.Move(mine, file + ".reached", overwrite: true);
        }
        catch (IOException)
        {
            // Another was first, or the lab took it back.
            return;
        }

        if (words[1] == "WEDGE")
            Wedge();

        // To this thread, which takes it before it goes on. One sent to the process is taken by any thread, when that
        // one is run next: on a busy machine this one would have committed by then what it was to be stopped before.
        _ = Raise(words[1] == "STOP" ? SigStop : SigKill);
    }

    // More than the pool adds threads for in hours; this thread is one of them.
    private static void Wedge()
    {
        static void Stand(object? state) => Thread.Sleep(Timeout.Infinite);
        for (var i = 0; i < 100_000; i++)
            ThreadPool.UnsafeQueueUserWorkItem(Stand, null);
        Stand(null);
    }

    [DllImport("libc", EntryPoint = "raise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Raise(int signal);
}
