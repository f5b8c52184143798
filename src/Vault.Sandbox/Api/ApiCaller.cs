namespace Vault.Sandbox.Api;

/// <summary>The caller of the echo API and its scopes, without a credential.</summary>
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
