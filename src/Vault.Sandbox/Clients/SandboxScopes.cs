namespace Vault.Sandbox.Clients;

/// <summary>The supported scopes and grant types.</summary>
public static class SandboxScopes
{
    public const string OpenId = "openid";
    public const string Profile = "profile";
    public const string Email = "email";
    public const string ItemsRead = "items:read";
    public const string ItemsWrite = "items:write";
    public const string ItemsDelete = "items:delete";

    public const string AuthorizationCode = "authorization_code";
    public const string RefreshToken = "refresh_token";
    public const string ClientCredentials = "client_credentials";
    public const string JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    public static readonly IReadOnlyList<string> All = [OpenId, Profile, Email, ItemsRead, ItemsWrite, ItemsDelete];

    public static readonly IReadOnlyList<string> GrantTypes =
    [
        AuthorizationCode,
        RefreshToken,
        ClientCredentials,
        JwtBearer,
    ];

    /// <summary>The label of the checkbox on the consent page.</summary>
    public static string Describe(string scope) =>
        scope switch
        {
            OpenId => "Know that it is you",
            Profile => "See your name",
            Email => "See your email address",
            ItemsRead => "Read your items",
            ItemsWrite => "Create items and upload files",
            ItemsDelete => "Delete items",
            _ => scope,
        };

    /// <summary>Splits a space-separated scope value; keeps the order and removes duplicates.</summary>
    internal static string[] Split(string? value) =>
        string.IsNullOrWhiteSpace(value)
            ? []
            : value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToArray();
}
