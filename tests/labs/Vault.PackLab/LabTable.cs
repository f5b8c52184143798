using System.Text;
using Vault.Core.Packs;

namespace Vault.PackLab;

/// <summary>Findings as text: one line per pack in a table, or everything about one.</summary>
public static class LabTable
{
    public static string Head() => "pack".PadRight(28) + string.Concat(LabRun.Behaviours.Select(b => b.PadRight(14)));

    public static string Row(PackReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var line = new StringBuilder(report.Pack.PadRight(28));
        foreach (var finding in report.Findings)
            line.Append(
                (
                    finding.Proof switch
                    {
                        Proof.Proven => "+",
                        Proof.NotThere => ".",
                        _ => "FAIL",
                    }
                ).PadRight(14)
            );
        foreach (var finding in report.Findings.Where(f => f.Proof == Proof.Failed))
            line.Append("\n    ").Append(finding.Behaviour).Append(": ").Append(finding.Detail);
        return line.ToString().TrimEnd();
    }

    public static string Full(PackReport report, ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(pack);
        var text = new StringBuilder(
            $"{pack.DisplayName} ({pack.Id} {pack.Version}), {pack.Tools.Length} tools\n\nproven against the emulator:\n"
        );
        foreach (var finding in report.Findings)
            text.Append("  ")
                .Append(
                    (
                        finding.Proof switch
                        {
                            Proof.Proven => "proven",
                            Proof.NotThere => "not in the pack",
                            _ => "FAILED",
                        }
                    ).PadRight(17)
                )
                .Append(finding.Behaviour.PadRight(14))
                .Append(finding.Detail)
                .Append('\n');
        text.Append("\nnot provable without the vendor:\n");
        foreach (var point in report.Unproven)
            text.Append("  ").Append(point).Append('\n');
        foreach (var note in pack.Details.Notes)
            text.Append("  note: ").Append(note).Append('\n');
        return text.ToString().TrimEnd();
    }
}
