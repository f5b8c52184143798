using System.Globalization;
using System.Reflection;

namespace Vault.Storage.Schema;

/// <summary>One embedded step of a schema: <c>{dialect}/{version}_{name}.sql</c>.</summary>
internal sealed record Migration(int Version, string Name, string Sql);

/// <summary>The steps of a dialect in order. A released step never changes; a schema change is a new step.</summary>
internal static class Migrations
{
    public static IReadOnlyList<Migration> Of(string dialect)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var found = assembly
            .GetManifestResourceNames()
            .Where(n => n.StartsWith(dialect + "/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => Load(assembly, n, n[(dialect.Length + 1)..]))
            .ToList();
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Version != i + 1)
                throw new InvalidOperationException($"The {dialect} schema has no step {i + 1}.");
        }

        return found;
    }

    /// <summary>The steps that a database at <paramref name="current"/> still needs.</summary>
    /// <exception cref="SchemaTooNewException">A newer program has migrated the database.</exception>
    public static IEnumerable<Migration> After(IReadOnlyList<Migration> all, int current) =>
        current > all.Count ? throw new SchemaTooNewException(current, all.Count) : all.Skip(current);

    private static Migration Load(Assembly assembly, string resource, string file)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var split = file.IndexOf('_', StringComparison.Ordinal);
        return new Migration(
            int.Parse(file.AsSpan(0, split), CultureInfo.InvariantCulture),
            Path.GetFileNameWithoutExtension(file[(split + 1)..]),
            reader.ReadToEnd()
        );
    }
}
