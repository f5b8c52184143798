using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

internal static class OrganizationFields
{
    public static Field DisplayName { get; } =
        Field.Text("display_name", "The name shown to people, 1 to 200 characters.") with
        {
            MaxLength = 200,
        };

    public static Field ExternalId { get; } =
        Field.Text("external_id", "The organization's id in your application; unique.") with
        {
            MaxLength = 200,
        };

    public static Field DestructivePolicy { get; } =
        Field.Text("destructive_policy", "How destructive tools are handled: approve, allow or deny.") with
        {
            Values = ["approve", "allow", "deny"],
        };

    public static Field UserQuota { get; } =
        Field.Number("user_quota_per_minute", "Executions per user and minute; 0 means the default.", 0, 1_000_000);

    public static bool IsName(string text) => text.Trim().Length > 0 && !text.Any(char.IsControl);
}
