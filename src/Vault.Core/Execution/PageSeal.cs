using System.Buffers.Binary;
using System.Buffers.Text;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>
/// Page tokens as a caller holds them: sealed under the organization's key and bound to the account. A token may hold
/// the provider's own URL of the next page. A caller who could forge one would choose the request that is sent with the
/// account's credential, past the tool's schema and the delegation's constraints (law 9).
/// </summary>
internal static class PageSeal
{
    private const int MaxLength = 16 * 1024;

    public static async ValueTask<Result<string>> CloseAsync(
        Sealer sealer,
        OrganizationId organization,
        AccountId account,
        string page,
        CancellationToken cancellationToken
    )
    {
        using var open = Secret.From(page);
        var closed = await sealer
            .SealAsync(open, SealContext.PageToken(organization, account), cancellationToken)
            .ConfigureAwait(false);
        return closed.TryGet(out var blob, out var error) ? Base64Url.EncodeToString(blob.Bytes.Span) : error;
    }

    /// <returns><c>tool_input_invalid</c> for a token that the vault did not seal for this account.</returns>
    public static async ValueTask<Result<string>> OpenAsync(
        Sealer sealer,
        OrganizationId organization,
        AccountId account,
        string token,
        CancellationToken cancellationToken
    )
    {
        if (
            token.Length > MaxLength
            || !Base64Url.IsValid(token)
            || Base64Url.DecodeFromChars(token) is not { Length: >= SealedBlob.Overhead } bytes
        )
            return Wrong();
        try
        {
            // The token itself names the key version. Safe: it only selects one of the organization's own keys, and
            // opening fails under any key but the right one.
            var blob = new SealedBlob(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)), bytes);
            var opened = await sealer
                .OpenAsync(blob, SealContext.PageToken(organization, account), cancellationToken)
                .ConfigureAwait(false);
            if (!opened.TryGet(out var page, out var error))
                return error;
            using (page)
                return page.RevealText();
        }
        catch (DecryptionFailedException)
        {
            return Wrong();
        }
    }

    private static VaultError Wrong() =>
        new(ErrorCatalogue.ToolInputInvalid, "The page token is not one of this account's.")
        {
            Violations =
            [
                new("page_token", "is not one that the vault gave for this account; leave it out to start again"),
            ],
        };
}
