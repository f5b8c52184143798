using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Docs;

/// <summary>
/// The document, built once when it is first asked for. The routes are asked for late: this is one of them.
/// </summary>
internal sealed class OpenApiSource(IServiceProvider services, PublicAddress address)
{
    // The product's, without the commit: the document is the same wherever this version was built.
    private static readonly string Version = typeof(OpenApiSource)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
        .InformationalVersion.Split('+')[0];

    private JsonObject? _document;
    private byte[]? _bytes;

    // Built twice by two first requests at worst, with the same result.
    public JsonObject Document =>
        _document ??= OpenApiDocument.Build(
            ((IEnumerable<IRoute>)services.GetService(typeof(IEnumerable<IRoute>))!).Select(r => r.Operation),
            address.Base.ToString().TrimEnd('/'),
            Version
        );

    // Anybody may ask for it as often as they like.
    public byte[] Bytes => _bytes ??= Encoding.UTF8.GetBytes(Document.ToJsonString());
}
