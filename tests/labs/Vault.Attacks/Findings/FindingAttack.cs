namespace Vault.Attacks.Findings;

/// <param name="Finding">Its id in the security review.</param>
/// <param name="Name">What is tried.</param>
/// <param name="TryAsync">Answers what was gained, or null when it was refused.</param>
internal sealed record FindingAttack(string Finding, string Name, Func<AttackScene, Task<string?>> TryAsync);

/// <param name="Gained">Null: it was refused.</param>
internal sealed record AttackResult(FindingAttack Attack, string? Gained);
