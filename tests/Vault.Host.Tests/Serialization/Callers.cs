using System.Buffers.Binary;
using System.Reflection;

namespace Vault.Host.Tests.Serialization;

/// <summary>Who calls a method, read from the compiled code.</summary>
internal static class Callers
{
    private const BindingFlags Every =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    // call and callvirt; a token follows.
    private static readonly byte[] Calls = [0x28, 0x6F];

    /// <summary>
    /// The types of an assembly that call the method; what Orleans generates to carry it is left out.
    /// </summary>
    public static IReadOnlyList<string> Of(MethodInfo method, Assembly assembly) =>
        [
            .. assembly
                .GetTypes()
                .Where(t =>
                    t.Namespace?.StartsWith("OrleansCodeGen", StringComparison.Ordinal) != true
                    && Bodies(t).Any(b => HasCall(b, method))
                )
                .Select(t => t.FullName!),
        ];

    private static IEnumerable<MethodBase> Bodies(Type type) =>
        type.GetMethods(Every).Cast<MethodBase>().Concat(type.GetConstructors(Every));

    private static bool HasCall(MethodBase from, MethodInfo to)
    {
        var code = from.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var i = 0; i + 4 < code.Length; i++)
            if (
                Calls.Contains(code[i])
                && Resolve(from, BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(i + 1))) == to
            )
                return true;
        return false;
    }

    // Not every such byte is an instruction; what follows one that is not is no token, or the token of something else.
    private static MethodBase? Resolve(MethodBase from, int token)
    {
        try
        {
            var types = from.DeclaringType!.IsGenericType ? from.DeclaringType.GetGenericArguments() : null;
            return from.Module.ResolveMethod(token, types, from.IsGenericMethod ? from.GetGenericArguments() : null);
        }
        catch (Exception e)
            when (e
                    is ArgumentException
                        or BadImageFormatException
                        or TypeLoadException
                        or MissingMethodException
                        or FileNotFoundException
            )
        {
            return null;
        }
    }
}
