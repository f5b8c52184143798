using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Vault.Client.Cluster;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Sealing;
using Vault.Host.Cluster;
using ErrorCode = Vault.Core.Errors.ErrorCode;

namespace Vault.Host.Tests.Serialization;

/// <summary>Core's records through Orleans' serializer, as between two silos.</summary>
public sealed class WireTests
{
    private static readonly Serializer Serializer = new ServiceCollection()
        .AddLogging()
        .AddVaultWire()
        .BuildServiceProvider()
        .GetRequiredService<Serializer>();

    private static readonly Type[] Travelling =
    [
        .. GrainContract
            .Methods.SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(GrainContract.AnswerOf(m)))
            .Distinct(),
    ];

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Samples.All.Count)];

    [Theory]
    [MemberData(nameof(Indexes))]
    public void What_is_sent_arrives(int index)
    {
        var sent = Samples.All[index];

        // As its own type, as a grain's parameter is: an enumeration in a box of object would arrive as a number.
        var arrived = typeof(WireTests)
            .GetMethod(nameof(Through), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(sent.GetType())
            .Invoke(null, [sent])!;
        Assert.Equal(sent.GetType(), arrived.GetType());
        Assert.Equal(Text(sent), Text(arrived));
    }

    [Fact]
    public void Every_message_of_every_grain_has_an_example() =>
        Assert.All(Travelling.Where(t => VaultWire.IsCore(t) || t.Assembly == typeof(GatewayCall).Assembly), t =>
            Assert.Contains(Samples.All, s => s.GetType() == t)
        );

    [Fact]
    public void Every_error_code_arrives_as_the_catalogue_has_it() => Assert.All(ErrorCatalogue.All, code =>
        {
            var arrived = Serializer.Deserialize<Result<long>>(
                Serializer.SerializeToArray<Result<long>>(new VaultError(code, "x"))
            );
            Assert.Same(code, arrived.Error!.Code);
        });

    [Fact]
    public void A_code_that_this_silo_does_not_know_yet_stays_itself()
    {
        var arrived = Through<Result<long>>(
            new VaultError(new ErrorCode("of_tomorrow", 418, ErrorKind.User, true, "t", "r"), "x")
        );
        Assert.Equal("of_tomorrow", arrived.Error!.Code.Code);
    }

    [Fact]
    public void A_closed_hierarchy_arrives_as_the_case_it_was()
    {
        OrganizationEvent sent = new OrganizationEvent.DisconnectWanted(DateTimeOffset.UnixEpoch, "conn_1", "key_1");
        Assert.Equal(sent, Through(sent));
        Assert.Equal(
            sent,
            JsonSerializer.Deserialize<OrganizationEvent>(
                JsonSerializer.Serialize(sent, VaultWire.Json),
                VaultWire.Json
            )
        );
    }

    [Fact]
    public void A_secret_in_a_message_throws()
    {
        using var secret = Secret.From("canary-canary-canary");
        Assert.ThrowsAny<Exception>(() => Serializer.SerializeToArray<object>(secret));
        using var grant = new GrantTokens { AccessToken = secret };
        var thrown = Assert.ThrowsAny<Exception>(() => Serializer.SerializeToArray<object>(grant));
        Assert.DoesNotContain("canary", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_grain_has_a_message_that_could_hold_a_secret()
    {
        var seen = new HashSet<Type>();
        foreach (var type in Travelling)
            Walk(type);
        Assert.Contains(typeof(AccountState), seen);
        Assert.DoesNotContain(typeof(Secret), seen);

        void Walk(Type type)
        {
            if (!seen.Add(type))
                return;
            foreach (var argument in type.GetGenericArguments())
                Walk(argument);
            if (type.HasElementType)
                Walk(type.GetElementType()!);
            if (!VaultWire.IsCore(type))
                return;
            foreach (
                var property in type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            )
                Walk(property.PropertyType);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_store_that_could_not_serve_says_on_the_other_silo_too_whether_it_may_have_committed(
        bool mayHaveCommitted
    )
    {
        var arrived = Through<Exception>(new StoreUnavailableException("away", mayHaveCommitted));
        Assert.Equal(mayHaveCommitted, Assert.IsType<StoreUnavailableException>(arrived).MayHaveCommitted);
        Assert.Equal("away", arrived.Message);
        Assert.IsType<KeyServiceUnavailableException>(Through<Exception>(new KeyServiceUnavailableException("away")));
    }

    private static T Through<T>(T value) => Serializer.Deserialize<T>(Serializer.SerializeToArray(value))!;

    private static string Text(object value) => JsonSerializer.Serialize(value, value.GetType(), VaultWire.Json);
}
