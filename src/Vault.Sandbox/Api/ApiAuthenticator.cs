using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Api;

/// <summary>One way to authenticate at the echo API.</summary>
internal abstract class ApiAuthenticator
{
    /// <summary>The path prefix that stands behind this door.</summary>
    public abstract string Prefix { get; }

    /// <summary>Who seems to call, for counting and choosing faults: also with a credential that is dead.</summary>
    public abstract (string? Subject, string? ClientId, AccessToken? Token) Glimpse(HttpRequest request);

    /// <summary>Either a caller or the refusal; and what a refusal counts as.</summary>
    public abstract (ApiCaller? Caller, ApiRefusal? Refusal, Count Counts) Open(HttpRequest request);
}
