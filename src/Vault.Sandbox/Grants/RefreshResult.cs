namespace Vault.Sandbox.Grants;

/// <summary>What a family answered to a refresh.</summary>
internal abstract record RefreshResult
{
    private RefreshResult() { }

    /// <param name="Access">The fresh access token.</param>
    /// <param name="Refresh">The refresh token to put into the answer; null where the answer carries none.</param>
    /// <param name="Replayed">A used refresh token was accepted because its grace had not run out.</param>
    public sealed record Issued(AccessToken Access, string? Refresh, bool Replayed) : RefreshResult
    {
        public override string ToString() => "Issued";
    }

    /// <param name="Error">The error code of RFC 6749 section 5.2.</param>
    /// <param name="Description">For a person to read.</param>
    /// <param name="Replayed">A used refresh token was presented.</param>
    /// <param name="KilledFamily">This call killed the family.</param>
    public sealed record Refused(string Error, string Description, bool Replayed, bool KilledFamily) : RefreshResult;
}
