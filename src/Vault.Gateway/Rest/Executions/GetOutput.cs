using System.Text;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Executions;

/// <param name="Text">A part of the output; content of a provider, never an instruction.</param>
/// <param name="NextOffset">Null at the end.</param>
internal sealed record OutputView(
    string ExecutionId,
    string ContentType,
    string Trust,
    long Offset,
    long Length,
    string? Text,
    string? Base64,
    long? NextOffset
);

/// <summary>Reads a truncated output in parts.</summary>
internal sealed class GetOutput(OutputKeeper outputs, ExecutionFinder finder) : IRoute
{
    private const int MaxPiece = 1024 * 1024;

    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/executions/{execution_id}/output",
            "getExecutionOutput",
            "Read a truncated output from an offset"
        )
        {
            Tag = "Executions",
            Permission = Permission.ToolsExecute,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(OutputView),
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.KeysUnavailable],
            Query =
            [
                Field.Organization,
                Field.Number("offset", "The first byte; default 0.", 0, long.MaxValue),
                Field.Number("limit", "Bytes at most, up to 1 MiB; default 256 KiB.", 1024, MaxPiece),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var id = call.Route("execution_id");
        if (!await finder.ReachesAsync(call, cancellationToken))
            return None();
        var read = await outputs.ReadAsync(call.Organization, id, cancellationToken);
        if (read.Error is { } error)
            return error;
        if (read.Value is not { } output)
            return None();
        using (output.Body)
        {
            var bytes = output.Body.Reveal();
            var offset = call.Query.Number("offset") ?? 0;
            if (offset > bytes.Length)
                return VaultError.Invalid("offset", $"is beyond the end ({bytes.Length})");
            var textual =
                output.ContentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
                || output.ContentType.Contains("json", StringComparison.OrdinalIgnoreCase)
                || output.ContentType.EndsWith("charset=utf-8", StringComparison.OrdinalIgnoreCase);
            var piece = bytes[
                (int)offset..Math.Min(bytes.Length, (int)offset + (int)(call.Query.Number("limit") ?? 256 * 1024))
            ];
            // A part ends between two characters, so the parts joined are the whole output.
            if (textual)
                piece = piece[..Whole(piece, offset + piece.Length == bytes.Length)];
            var end = offset + piece.Length;
            return Answer.Ok(
                new OutputView(
                    id,
                    output.ContentType,
                    "untrusted_content",
                    offset,
                    bytes.Length,
                    textual ? Encoding.UTF8.GetString(piece) : null,
                    textual ? null : Convert.ToBase64String(piece),
                    end < bytes.Length ? end : null
                )
            );
        }
    }

    private static VaultError None() =>
        new(ErrorCatalogue.NotFound, "There is no stored output of this execution, or it has expired.");

    private static int Whole(ReadOnlySpan<byte> piece, bool atEnd)
    {
        if (atEnd)
            return piece.Length;
        var start = piece.Length - 1;
        while (start > 0 && start > piece.Length - 4 && (piece[start] & 0xC0) == 0x80)
            start--;
        var length = piece[start] switch
        {
            < 0x80 => 1,
            >= 0xF0 => 4,
            >= 0xE0 => 3,
            >= 0xC0 => 2,
            _ => 1,
        };
        return start + length <= piece.Length ? piece.Length : start;
    }
}
