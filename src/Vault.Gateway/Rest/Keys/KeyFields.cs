using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Keys;

/// <summary>The fields that limit a key.</summary>
internal static class KeyFields
{
    private const string Rule = " Absent: not limited; an empty list: none.";

    public static IReadOnlyList<Field> Constraints { get; } =
    [
        Field.Texts("users", "Only accounts of these users." + Rule) with
        {
            MaxLength = UserId.MaxLength,
        },
        Field.Texts("connections", "Only accounts of these connections (their names)." + Rule) with
        {
            MaxLength = 64,
        },
        Field.Texts("tools", "Only these tools; {provider}:proxy stands for raw calls." + Rule) with
        {
            MaxLength = 80,
        },
        Field.Texts("addresses", "Only from these addresses and networks (CIDR)." + Rule) with
        {
            MaxLength = 64,
        },
    ];

    public static KeyConstraints Read(Body body) =>
        new()
        {
            Users = body.Texts("users"),
            Connections = body.Texts("connections"),
            Tools = body.Texts("tools"),
            Addresses = body.Texts("addresses"),
        };
}

/// <summary>What limits a key; a list that is null does not.</summary>
internal sealed record ConstraintsView(
    IReadOnlyList<string>? Users,
    IReadOnlyList<string>? Connections,
    IReadOnlyList<string>? Tools,
    IReadOnlyList<string>? Addresses
)
{
    public static ConstraintsView? Of(KeyConstraints constraints) =>
        constraints.IsNone
            ? null
            : new(constraints.Users, constraints.Connections, constraints.Tools, constraints.Addresses);
}
