namespace Vault.PackLab;

public enum Proof
{
    Proven,
    Failed,

    /// <summary>The pack has no such thing.</summary>
    NotThere,
}

/// <summary>What the lab found out about one behaviour of one pack.</summary>
public sealed record Finding(string Behaviour, Proof Proof, string Detail);

/// <summary>All findings of one pack, and what nobody can prove without the vendor.</summary>
public sealed record PackReport(string Pack, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Unproven)
{
    public bool Failed => Findings.Any(f => f.Proof == Proof.Failed);
}

/// <summary>A behaviour did not hold; the message says which step and what came instead.</summary>
public sealed class LabException(string message) : Exception(message)
{
    public static void Require(bool holds, string message)
    {
        if (!holds)
            throw new LabException(message);
    }
}
