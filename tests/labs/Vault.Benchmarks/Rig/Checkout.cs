using Vault.TestKit;

namespace Vault.Benchmarks.Rig;

/// <summary>The checkout this program was built from, and free ports of this machine.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>Where the program of a checkout is when it has been built.</summary>
    public static string Program(string project, string assembly, string root) =>
        Path.Combine(root, project, "bin", "Release", "net10.0", assembly + ".dll");

    public static string Program(string project, string assembly)
    {
        var path = Program(project, assembly, Root);
        return File.Exists(path)
            ? path
            : throw new BenchException($"{path} is not built; run scripts/bench, which builds it.");
    }

    public static Uri FreeUrl() => new($"http://127.0.0.1:{FreePorts.Next()}");

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Vault.Orleans.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new BenchException("The bench runs outside its checkout.");
        return folder;
    }
}
