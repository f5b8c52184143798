using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Core.Execution;

/// <summary>The error of a reply that is no success.</summary>
internal static class UpstreamErrors
{
    public static VaultError Of(ProviderPack pack, UpstreamReply reply, ErrorCode code)
    {
        if (!reply.Sent && reply.Outcome is UpstreamOutcome.Rejected or UpstreamOutcome.CredentialRejected)
            return NotSent(pack, reply.Detail);
        if (!reply.Sent && code == ErrorCatalogue.UpstreamTimeout)
            return new VaultError(code, "The execution timed out before the request was sent.");
        var status = reply.Status is { } number ? $" (HTTP {number})" : "";
        var redirect =
            reply.Status is >= 300 and < 400 && reply.Headers.Any(h => h.Name == "location")
                ? " It redirects to upstream.headers.location, which the vault does not follow for this call."
                : "";
        return new VaultError(
            code,
            code.Title + status + (reply.Detail is null ? "." : ": " + reply.Detail + ".") + redirect
        )
        {
            Upstream = reply.Detail,
            UpstreamStatus = reply.Status,
            UpstreamContent = reply.Status is null
                ? null
                : new UpstreamContent(reply.Data, reply.Truncated, reply.Headers),
            RetryAfter = reply.RetryAfter ?? (code.CanRetry ? TimeSpan.FromSeconds(1) : null),
            MissingScopes = reply.MissingScopes,
            StatusReason = reply.Reason,
        };
    }

    /// <summary>The vault's own refusal: the provider has no part in it.</summary>
    public static VaultError NotSent(ProviderPack pack, string? detail)
    {
        var (code, message) = (UnsentCodes.ErrorOf(detail), UnsentCodes.Explain(detail));
        // A parameter that came with the account is not the administrator's to correct.
        if (
            detail?.StartsWith(UnsentCodes.ParameterMissing, StringComparison.Ordinal) == true
            && pack.Details.Parameters.TryGetValue(detail[UnsentCodes.ParameterMissing.Length..], out var parameter)
            && parameter.Source != ParameterSource.Connection
        )
            code = ErrorCatalogue.CredentialInvalid;
        return new VaultError(code, message)
        {
            Violations = UnsentCodes.FieldOf(detail) is { } field ? [new Violation(field, message)] : [],
        };
    }
}
