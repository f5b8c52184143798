using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Docs;

internal sealed class OpenApi(OpenApiSource source) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/openapi/v1.json", "openApi", "This document")
        {
            Tag = "Operating",
            ContentType = "application/json",
            OpenQuery = true,
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Task.FromResult<Answer>(new Answer.Raw(200, "application/json", source.Bytes, AsIs: true));
}
