using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>
/// What a key is limited to in addition to its permissions. An absent list does not limit; an empty list allows nothing
/// (law
/// 9).
/// </summary>
public sealed record KeyConstraints
{
    /// <summary>The maximum number of entries of one list.</summary>
    public const int MaxEntries = 200;

    public static KeyConstraints None { get; } = new();

    /// <summary>The users whose accounts it reaches, by their ids.</summary>
    public ImmutableArray<string>? Users { get; init; }

    /// <summary>The connections whose accounts it reaches, by their names.</summary>
    public ImmutableArray<string>? Connections { get; init; }

    /// <summary>The tools it may call; a raw call is the tool <c>{provider}:proxy</c>.</summary>
    public ImmutableArray<string>? Tools { get; init; }

    /// <summary>The addresses and networks (CIDR) it may be used from.</summary>
    public ImmutableArray<string>? Addresses { get; init; }

    /// <summary>It reaches only a part of its organization.</summary>
    [JsonIgnore]
    public bool LimitsReach => Users is not null || Connections is not null || Tools is not null;

    [JsonIgnore]
    public bool IsNone => !LimitsReach && Addresses is null;

    public bool Allows(UserId user) => Contains(Users, user.Value);

    public bool Allows(ConnectionName connection) => Contains(Connections, connection.Value);

    public bool Allows(AccountKey account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return Allows(account.User) && Allows(account.Connection);
    }

    public bool AllowsTool(string tool) => Contains(Tools, tool);

    /// <summary>A caller without an address (through a silo) is outside of every list.</summary>
    public bool AllowsAddress(IPAddress? address)
    {
        if (Addresses is not { } given)
            return true;
        if (address is null)
            return false;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return given.Any(a => Network(a) is { } network && network.Contains(plain));
    }

    /// <summary>Whether the other constraints allow nothing that these do not allow.</summary>
    public bool Cover(KeyConstraints other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Beyond(other) is null;
    }

    /// <summary>The constraints of a key that a key with these makes: what it does not limit, it inherits.</summary>
    public Result<KeyConstraints> Narrow(KeyConstraints wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var inherited = new KeyConstraints
        {
            Users = wanted.Users ?? Users,
            Connections = wanted.Connections ?? Connections,
            Tools = wanted.Tools ?? Tools,
            Addresses = wanted.Addresses ?? Addresses,
        };
        return Beyond(inherited) is { } field
            ? new VaultError(
                ErrorCatalogue.PermissionDenied,
                $"{field}: your own key is limited to less; give entries that it has itself, or leave the field out."
            )
            : inherited;
    }

    public VaultError? Fault()
    {
        foreach (var (name, list) in Lists())
            if (list is { Length: > MaxEntries })
                return VaultError.Invalid(name, $"give at most {MaxEntries}.");
        if (Users is { } users && users.FirstOrDefault(u => !UserId.IsValid(u)) is { } user)
            return VaultError.Invalid("users", $"'{user}' is not a user id: {UserId.Rule}.");
        if (Connections is { } names && names.FirstOrDefault(c => !ConnectionName.IsValid(c)) is { } connection)
            return VaultError.Invalid(
                "connections",
                $"'{connection}' is not a connection's name: {ConnectionName.Rule}."
            );
        if (Tools is { } tools && tools.FirstOrDefault(t => t.Length is 0 or > 80) is { } tool)
            return VaultError.Invalid("tools", $"'{tool}' is not a tool's name; GET /v1/tools lists them.");
        if (Addresses is { } addresses && addresses.FirstOrDefault(a => Network(a) is null) is { } address)
            return VaultError.Invalid(
                "addresses",
                $"'{address}' is neither an address nor a network; examples are 192.0.2.7 and 192.0.2.0/24."
            );
        return null;
    }

    /// <summary>The lists with the names of their fields.</summary>
    public IReadOnlyList<(string Name, ImmutableArray<string>? List)> Lists() =>
        [("users", Users), ("connections", Connections), ("tools", Tools), ("addresses", Addresses)];

    private string? Beyond(KeyConstraints other)
    {
        foreach (var ((name, mine), (_, theirs)) in Lists().Zip(other.Lists()))
        {
            if (mine is not { } allowed)
                continue;
            if (theirs is not { } asked)
                return name;
            if (name == "addresses" ? !asked.All(a => Covers(allowed, a)) : asked.Except(allowed).Any())
                return name;
        }

        return null;
    }

    private static bool Covers(ImmutableArray<string> networks, string asked) =>
        Network(asked) is { } inner
        && networks.Any(n =>
            Network(n) is { } outer && outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress)
        );

    private static IPNetwork? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    private static bool Contains(ImmutableArray<string>? list, string value) =>
        list is not { } allowed || allowed.Contains(value);
}
