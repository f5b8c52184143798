using Vault.Simulation;

if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(SimulateOptions.Help);
    return 0;
}

if (args is ["--bug", "all", ..])
    return await Task.Run(() => Runs.AllBugsAsync());
if (SimulateOptions.Parse(args, out var fault) is not { } options)
{
    Console.Error.WriteLine("simulate: " + fault);
    return 2;
}

if (!Pool.HasOneWorker)
{
    Console.Error.WriteLine(
        "simulate: the thread pool must have one worker (System.Threading.ThreadPool.MaxThreads in vault-simulate.runtimeconfig.json)."
    );
    return 2;
}

// On the pool's only worker from here on.
return await Task.Run(() => Runs.RunAsync(options));
