namespace Vault.Sandbox.Grants;

/// <summary>The result of a refresh.</summary>
internal abstract record RefreshResult
{
    private RefreshResult() { }

    /// <param name="Access">The new access token.</param>
    /// <param name="Refresh">The refresh token for the response; null if the response contains none.</param>
    /// <param name="Replayed">A used refresh token was accepted within its grace.</param>
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
