using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Services;
using Vault.Client.Cluster;
using Vault.Host.Cluster;

namespace Vault.Host.Tests.Serialization;

/// <summary>
/// What silos of two releases must agree on, one fact a line: the grains, their methods, and the types that travel in
/// them. Parameter names are left out, because they do not travel.
/// </summary>
internal static class GrainContract
{
    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [typeof(VaultHost).Assembly, typeof(IGatewayGrain).Assembly];

    public static IReadOnlyList<Type> Interfaces { get; } =
    [
        .. Assemblies
            .SelectMany(a => a.GetTypes())
            .Where(t => t.IsInterface && typeof(IAddressable).IsAssignableFrom(t))
            .OrderBy(Alias, StringComparer.Ordinal),
    ];

    public static IReadOnlyList<MethodInfo> Methods { get; } = [.. Interfaces.SelectMany(i => i.GetMethods())];

    /// <summary>Every type that may be inside a request or an answer.</summary>
    public static IReadOnlyList<Type> Types { get; } =
        Walk(Methods.SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(AnswerOf(m))));

    // Without the commit that follows it.
    private static string OrleansVersion =>
        typeof(Grain)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split([". ", "+"], StringSplitOptions.None)[0];

    public static IReadOnlyList<string> Lines() =>
        [
            "orleans " + OrleansVersion,
            .. Interfaces.Select(i => $"interface {Alias(i)}: {KeyOf(i).Name}"),
            .. Assemblies
                .SelectMany(a => a.GetTypes())
                .Where(t => t.IsSubclassOf(typeof(Grain)))
                .Select(ClassLine)
                .Order(StringComparer.Ordinal),
            .. Methods.Select(MethodLine).Order(StringComparer.Ordinal),
            .. Types
                .Where(t => t.IsEnum)
                .SelectMany(e =>
                    Enum.GetValues(e)
                        .Cast<object>()
                        .Select(v => $"value {Name(e)}.{v} = {Convert.ToInt64(v, CultureInfo.InvariantCulture)}")
                ),
            .. Types
                .Where(IsOurs)
                .SelectMany(t => Members(t).Select(m => $"member {Name(t)}.{m}"))
                .Order(StringComparer.Ordinal),
            .. Types.Where(IsOurs).SelectMany(Cases).Order(StringComparer.Ordinal),
            .. Types
                .Where(t =>
                    VaultWire.IsCore(t) && Json(t).Kind == JsonTypeInfoKind.None && !t.IsEnum && !t.IsGenericType
                )
                .Select(t => $"text {Name(t)}"),
        ];

    public static string Id(MethodInfo method) => $"{Alias(method.DeclaringType!)}.{Alias(method)}";

    public static Type AnswerOf(MethodInfo method) =>
        method.ReturnType.IsGenericType ? method.ReturnType.GetGenericArguments()[0] : typeof(void);

    /// <summary>As they are on the wire: Core's records as JSON, the gateway's messages as Orleans' fields.</summary>
    public static IReadOnlyList<Member> Members(Type type) =>
        VaultWire.IsCore(type)
            ?
            [
                .. Json(type)
                    .Properties.Where(p => p.Set is not null || p.AssociatedParameter is not null)
                    .Select(p => new Member(p.Name, p.PropertyType, p.IsRequired, IsNullable(p))),
            ]
            :
            [
                .. type.GetProperties()
                    .Where(p => p.GetCustomAttribute<IdAttribute>() is not null)
                    .Select(p => new Member(
                        $"{p.GetCustomAttribute<IdAttribute>()!.Id}:{p.Name}",
                        p.PropertyType,
                        p.GetCustomAttribute<RequiredMemberAttribute>() is not null,
                        false
                    )),
            ];

    public static string Name(Type type) =>
        type switch
        {
            { IsGenericType: true } =>
                $"{type.GetGenericTypeDefinition().FullName!.Split('`')[0]}<{Names(type.GetGenericArguments())}>",
            { IsArray: true } => Name(type.GetElementType()!) + "[]",
            _ => type.FullName!,
        };

    private static string Names(IEnumerable<Type> types) => string.Join(", ", types.Select(Name));

    private static Type KeyOf(Type grain) =>
        grain
            .GetInterfaces()
            .Single(b => b == typeof(IGrainService) || b.Name.StartsWith("IGrainWith", StringComparison.Ordinal));

    private static JsonTypeInfo Json(Type type) => VaultWire.Json.GetTypeInfo(type);

    private static bool IsNullable(JsonPropertyInfo member) =>
        Nullable.GetUnderlyingType(member.PropertyType) is not null
        || (!member.PropertyType.IsValueType && member.IsSetNullable);

    private static bool IsOurs(Type type) =>
        !type.IsEnum && (VaultWire.IsCore(type) || Assemblies.Contains(type.Assembly));

    private static string Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias ?? member.Name;

    private static string ClassLine(Type grain) =>
        $"class {grain.GetCustomAttribute<GrainTypeAttribute>()?.GetGrainType(null!, grain)}:"
        + string.Concat(
            grain
                .GetCustomAttributes<PlacementAttribute>()
                .Select(p => " " + p.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal))
        );

    private static string MethodLine(MethodInfo method) =>
        $"method {Id(method)}({Names(method.GetParameters().Select(p => p.ParameterType))}): {Name(AnswerOf(method))}"
        + (method.GetCustomAttribute<AlwaysInterleaveAttribute>() is null ? "" : " AlwaysInterleave")
        + (
            method.GetCustomAttribute<ResponseTimeoutAttribute>() is { Timeout: { } timeout }
                ? $" ResponseTimeout {timeout:c}"
                : ""
        );

    private static IEnumerable<string> Cases(Type type) =>
        !VaultWire.IsCore(type) || Json(type).PolymorphismOptions is not { } cases
            ? []
            : cases.DerivedTypes.Select(c => $"case {Name(type)}: {c.TypeDiscriminator} is {Name(c.DerivedType)}");

    private static List<Type> Walk(IEnumerable<Type> from)
    {
        var seen = new HashSet<Type>();
        foreach (var type in from)
            Visit(type);
        return [.. seen.OrderBy(Name, StringComparer.Ordinal)];

        void Visit(Type type)
        {
            if (type == typeof(void) || !seen.Add(type))
                return;
            foreach (var argument in type.GetGenericArguments())
                Visit(argument);
            if (type.HasElementType)
                Visit(type.GetElementType()!);
            if (!IsOurs(type))
                return;
            foreach (var member in Members(type))
                Visit(member.Type);
            if (VaultWire.IsCore(type))
                foreach (var one in Json(type).PolymorphismOptions?.DerivedTypes ?? [])
                    Visit(one.DerivedType);
        }
    }

    /// <param name="IsRequired">A message without it is refused.</param>
    /// <param name="IsNullable">A message without it is read as null.</param>
    internal sealed record Member(string Name, Type Type, bool IsRequired, bool IsNullable)
    {
        public override string ToString() => $"{Name}: {GrainContract.Name(Type)}{(IsRequired ? " required" : "")}";
    }
}
