using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Serializers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using ErrorCode = Vault.Core.Errors.ErrorCode;

namespace Vault.Host.Cluster;

/// <summary>
/// Sends Core's records between silos as JSON, without serializer attributes in Core. Unknown members are ignored, so a
/// record may gain an optional property during a rolling upgrade, but a property must not be renamed. A credential
/// cannot be sent: the converter of <c>Secret</c> throws.
/// </summary>
internal static class VaultWire
{
    public static JsonSerializerOptions Json { get; } = Make();

    public static IServiceCollection AddVaultWire(this IServiceCollection services) =>
        services.AddSerializer(serializer =>
        {
            serializer.AddJsonSerializer(IsCore, _ => false, o => o.Configure(x => x.SerializerOptions = Json));
            serializer.Services.AddSingleton<IGeneralizedCopier, SameInstance>();
            serializer.Services.AddSingleton<ITypeFilter, SameInstance>();
        });

    public static bool IsCore(Type type) =>
        type.Assembly == typeof(AccountKey).Assembly
        && (!type.IsSubclassOf(typeof(Exception)) || InfrastructureExceptionConverter.Handles(type));

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.General)
        {
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AddCases } },
        };
        options.Converters.Add(new TextConverter<OrganizationId>(t => new OrganizationId(t), v => v.Value));
        options.Converters.Add(new TextConverter<AccountId>(t => new AccountId(t), v => v.Value));
        options.Converters.Add(new TextConverter<UserId>(t => new UserId(t), v => v.Value));
        options.Converters.Add(new TextConverter<ConnectionName>(t => new ConnectionName(t), v => v.Value));
        options.Converters.Add(new TextConverter<AccountKey>(AccountKey.Parse, v => v.ToString()));
        options.Converters.Add(new TextConverter<ErrorCode>(CodeOf, v => v.Code));
        options.Converters.Add(new ResultConverterFactory());
        options.Converters.Add(new InfrastructureExceptionConverter());
        options.MakeReadOnly();
        return options;
    }

    // A newer silo may send a code that this version does not know: keep the code, without advice.
    private static ErrorCode CodeOf(string code) =>
        ErrorCatalogue.All.FirstOrDefault(c => c.Code == code)
        ?? new ErrorCode(
            code,
            500,
            ErrorKind.Internal,
            false,
            "An error of a newer version",
            "Report request_id to the operator."
        );

    // A closed hierarchy is an abstract record with its cases nested inside.
    private static void AddCases(JsonTypeInfo info)
    {
        if (!info.Type.IsAbstract || !IsCore(info.Type))
            return;
        var cases = info.Type.GetNestedTypes().Where(t => t.IsSubclassOf(info.Type)).ToList();
        if (cases.Count == 0)
            return;
        info.PolymorphismOptions = new JsonPolymorphismOptions { TypeDiscriminatorPropertyName = "$case" };
        foreach (var type in cases)
            info.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(type, type.Name));
    }

    /// <summary>
    /// Core's records are immutable, so a call within one silo passes the instance instead of a copy.
    /// </summary>
    private sealed class SameInstance : IGeneralizedCopier, ITypeFilter
    {
        public bool IsSupportedType(Type type) => IsCore(type);

        public object? DeepCopy(object? input, CopyContext context) => input;

        public bool? IsTypeAllowed(Type type) => IsCore(type) ? true : null;
    }
}
