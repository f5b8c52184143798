using Vault.Core.Catalogue;
using Vault.Core.Errors;

namespace Vault.Gateway.Tests.Host;

/// <summary>Knows no document; what real ones become is tested with the providers and end to end.</summary>
internal sealed class NoImport : IToolImport
{
    public byte[] MarkRemoved(string set, string by, DateTimeOffset at) =>
        throw new InvalidOperationException("There is nothing imported here.");

    public Result<ImportPlan> Plan(ImportRequest request, ReadOnlyMemory<byte> document, string? previous) =>
        VaultError.Invalid("document", $"is none of {document.Length} bytes");
}
