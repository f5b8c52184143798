using System.Runtime.InteropServices;

namespace Vault.Campaigns.Lab;

internal enum Signal
{
    Hangup = 1,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>Linux and macOS number STOP and CONT differently.</summary>
internal static class Signals
{
    public static void Send(int process, Signal signal)
    {
        var number = (signal, OperatingSystem.IsMacOS()) switch
        {
            (Signal.Stop, true) => 17,
            (Signal.Continue, true) => 19,
            _ => (int)signal,
        };
        _ = Kill(process, number);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
