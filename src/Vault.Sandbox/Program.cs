namespace Vault.Sandbox;

/// <summary>The sandbox as a separate process.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        var (options, problem) = CommandLine.Read(arguments, Environment.GetEnvironmentVariable);
        if (options is null)
        {
            await Console.Error.WriteLineAsync(problem);
            return 2;
        }

        try
        {
            await using var server = await SandboxServer.StartAsync(options);
            Console.WriteLine(
                "Sandbox provider, for development only (no authentication of users, data in memory), on "
                    + $"{server.BaseUrl} - stop it with Ctrl+C"
            );
            using var stop = new CancellationTokenSource();
            using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(
                System.Runtime.InteropServices.PosixSignal.SIGINT,
                c => Stop(c, stop)
            );
            using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(
                System.Runtime.InteropServices.PosixSignal.SIGTERM,
                c => Stop(c, stop)
            );
            await server.WaitForShutdownAsync(stop.Token);
            return 0;
        }
        catch (InvalidOperationException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (ArgumentException wrong)
        {
            await Console.Error.WriteLineAsync("The sandbox provider does not start: " + wrong.Message);
            return 2;
        }
        catch (IOException taken)
        {
            await Console.Error.WriteLineAsync(
                $"The sandbox provider cannot listen: {taken.Message} Choose another port with --urls."
            );
            return 1;
        }
    }

    private static void Stop(System.Runtime.InteropServices.PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
}
