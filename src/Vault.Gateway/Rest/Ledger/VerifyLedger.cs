using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Ledger;

internal sealed class VerifyLedger(LedgerVerifier verifier) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/ledger:verify",
            "verifyLedger",
            "Verify the chain; reports every changed, removed, inserted or moved entry"
        )
        {
            Tag = "Ledger",
            Permission = Permission.LedgerRead,
            Scans = true,
            Scope = Scope.OrganizationOrPlatform,
            OwnTimeout = true,
            Answer = typeof(VerificationView),
            Description =
                "Send the head of an earlier verification, stored outside the vault, to prove that no entry up to "
                + "it has changed since.",
            Body =
            [
                Field.Organization,
                Field.Number("kept_seq", "seq of a head you stored.", 1, long.MaxValue),
                Field.Text("kept_hash", "hash of that head, 64 hexadecimal digits.") with
                {
                    MaxLength = 64,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        LedgerHead? kept = null;
        if (call.Body.Has("kept_seq") != call.Body.Has("kept_hash"))
            return VaultError.Invalid("kept_hash", "give kept_seq and kept_hash together");
        if (call.Body.Number("kept_seq") is { } seq)
        {
            if (!LedgerHash.TryParse(call.Body.Text("kept_hash"), out var hash))
                return VaultError.Invalid("kept_hash", "must be 64 hexadecimal digits");
            kept = new LedgerHead(seq, hash);
        }

        var report = await verifier.VerifyAsync(LedgerOwner.Of(call), kept, cancellationToken);
        return Answer.Ok(
            new VerificationView(
                report.Organization.Value,
                report.IsIntact,
                report.Entries,
                report.Erased,
                new HeadView(report.Last.Seq, report.Last.Hash.ToString()),
                [.. report.Findings.Select(f => new FindingView(f.FromSeq, f.ToSeq, f.Fault, f.Detail, f.EventId))],
                report.FindingsTotal
            )
        );
    }
}
