using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Docs;

/// <summary>Builds the document on first use. It resolves the routes late, because it is a dependency of one.</summary>
internal sealed class OpenApiSource(IServiceProvider services, PublicAddress address)
{
    // The product version without the commit, so that the document is the same in every build of a version.
    private static readonly string Version = typeof(OpenApiSource)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
        .InformationalVersion.Split('+')[0];

    private JsonObject? _document;
    private byte[]? _bytes;

    // Two concurrent first requests may both build it, with the same result.
    public JsonObject Document =>
        _document ??= OpenApiDocument.Build(
            ((IEnumerable<IRoute>)services.GetService(typeof(IEnumerable<IRoute>))!).Select(r => r.Operation),
            address.Base.ToString().TrimEnd('/'),
            Version
        );

    // Cached: the route needs no authentication, so a request must be cheap.
    public byte[] Bytes => _bytes ??= Encoding.UTF8.GetBytes(Document.ToJsonString());
}
