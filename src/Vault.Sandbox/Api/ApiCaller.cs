namespace Vault.Sandbox.Api;

/// <summary>Who calls the echo API and what they may do. Carries no credential.</summary>
internal sealed record ApiCaller(string Subject, IReadOnlyList<string> Scopes, string? ClientId, string Method)
{
    public bool Has(string scope)
    {
        for (var i = 0; i < Scopes.Count; i++)
        {
            if (Scopes[i] == scope)
            {
                return true;
            }
        }

        return false;
    }
}
