using Vault.Core.Identity;
using Vault.TestKit;

namespace Vault.Campaigns.Lab;

/// <summary>One account under test, with what the provider knows as its grant.</summary>
public sealed class LabAccount(string user, AccountKey key)
{
    public string User { get; } = user;

    public AccountKey Key { get; } = key;

    public string Id { get; set; } = "";

    /// <summary>The grant in the sandbox; another one after the account was lost and connected anew.</summary>
    public string Grant { get; set; } = "";

    /// <summary>
    /// The vault's generation at which this grant was brought in: the provider's refreshes count from here.
    /// </summary>
    public long FirstGeneration { get; set; }
}

/// <summary>An answer of the vault, or that none came.</summary>
public sealed record LabAnswer(int Status, System.Text.Json.JsonElement Json, string Text) : IThrottled
{
    public static LabAnswer None { get; } = new(0, default, "");

    public bool IsOk => Status is 200 or 201;

    public TimeSpan? RetryAfter =>
        Status == 429
            ? TimeSpan.FromMilliseconds(
                double.Parse(this["retry_after_ms"] ?? "1000", System.Globalization.CultureInfo.InvariantCulture)
            )
            : null;

    public string? this[string member] =>
        Json.ValueKind == System.Text.Json.JsonValueKind.Object && Json.TryGetProperty(member, out var value)
            ? value.ValueKind == System.Text.Json.JsonValueKind.String
                ? value.GetString()
                : value.GetRawText()
            : null;

    public string? Code => this["code"];

    /// <summary>The account needs a person: the grant is gone, whatever the reason.</summary>
    public bool IsLost => Code is "reauth_required" or "auth_revoked";

    public override string ToString() => Status == 0 ? "no answer" : $"{Status} {Text}";
}
