using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Api;

/// <summary>One authentication method of the echo API.</summary>
internal abstract class ApiAuthenticator
{
    /// <summary>The path prefix that uses this method.</summary>
    public abstract string Prefix { get; }

    /// <summary>The caller by its credential, even an invalid one; for counting and selecting faults.</summary>
    public abstract (string? Subject, string? ClientId, AccessToken? Token) Identify(HttpRequest request);

    /// <summary>Returns the caller, or the error and how it is counted.</summary>
    public abstract (ApiCaller? Caller, ApiRefusal? Refusal, Count Counts) Open(HttpRequest request);
}
