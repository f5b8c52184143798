using System.Buffers;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Orleans.Serialization.WireProtocol;
using Vault.Client.Cluster;
using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Host.Cluster;
using Vault.Host.Routing;

namespace Vault.Host.Tests.Serialization;

/// <summary>A silo of the last release beside one of this build: what one sends, the other understands.</summary>
public sealed class ApprovedTests
{
    private static readonly ServiceProvider Services = new ServiceCollection()
        .AddLogging()
        .AddVaultWire()
        .BuildServiceProvider();
    private static readonly Serializer Serializer = Services.GetRequiredService<Serializer>();

    public ApprovedTests() => Approved.RenewIfAsked(Serializer);

    public static TheoryData<string> Names => [.. Approved.Messages.Select(m => m.Name)];

    [Fact]
    public void No_shipped_method_type_or_member_has_changed_or_gone() =>
        None([Gone(Approved.Contract, GrainContract.Lines())]);

    [Fact]
    public void What_has_changed_is_named_with_the_way_to_change_it_in_two_phases()
    {
        var shipped = GrainContract.Lines();
        var execute = Assert.Single(shipped, l =>
            l.StartsWith("method vault.account.execute(", StringComparison.Ordinal)
        );

        var report = Gone(
            [.. shipped, "method vault.account.of_yesterday(System.String): System.Int64"],
            [.. shipped.Except([execute]), execute.Replace(')', 's')]
        )!;
        Assert.Contains("vault.account.of_yesterday", report, StringComparison.Ordinal);
        Assert.Contains(execute, report, StringComparison.Ordinal);
        Assert.Contains("two releases", report, StringComparison.Ordinal);
        Assert.Contains(Approved.Renew, report, StringComparison.Ordinal);
        Assert.Null(Gone(shipped, [.. shipped, "method vault.account.of_tomorrow(System.String): System.Int64"]));
    }

    [Fact]
    public void What_the_last_release_does_not_send_is_not_required()
    {
        var shipped = Approved.Contract.Where(l => l.StartsWith("member ", StringComparison.Ordinal)).ToHashSet();
        var types = shipped.Select(TypeOf).ToHashSet();
        var demands = GrainContract
            .Lines()
            .Where(l =>
                l.StartsWith("member ", StringComparison.Ordinal) && l.EndsWith(" required", StringComparison.Ordinal)
            );
        None(
            demands
                .Where(l => !shipped.Contains(l) && types.Contains(TypeOf(l)))
                .Select(l => "the last release does not send this: " + l)
        );

        static string TypeOf(string line) =>
            line[..line.LastIndexOf('.', line.IndexOf(": ", StringComparison.Ordinal))];
    }

    /// <summary>
    /// dotnet/orleans#8439: a newer silo's call reaches an older one, whatever the version settings say. So the release
    /// that adds a method does not call it yet.
    /// </summary>
    [Fact]
    public void A_method_that_the_last_release_does_not_have_is_not_called_yet()
    {
        foreach (var method in GrainContract.Methods.Where(m => !Shipped().Contains(GrainContract.Id(m))))
            Assert.True(
                CallersOf(method) is [],
                $"The last release does not have {GrainContract.Id(method)}. Release it before it is called. Callers: "
                    + string.Join(", ", CallersOf(method))
            );
    }

    [Fact]
    public void A_caller_is_found_in_the_compiled_code() =>
        Assert.Contains(CallersOf(typeof(Grains.IConnectedAccountGrain).GetMethod("ExecuteAsync")!), c =>
            c.StartsWith(typeof(ClusterToolRuns).FullName!, StringComparison.Ordinal)
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_of_the_last_release_is_read_as_it_was_meant(string name)
    {
        var message = Approved.Messages.Single(m => m.Name == name);
        var read = GrainMessages.Read(Serializer.Deserialize<object>(message.Bytes)!);
        None(Differences(message.Content, read, name));
    }

    [Fact]
    public void This_build_reads_its_own_messages_and_the_last_release_has_an_example_of_each_method()
    {
        foreach (var (name, body) in GrainMessages.All)
            None(
                Differences(
                    GrainMessages.Read(body),
                    GrainMessages.Read(Serializer.Deserialize<object>(Serializer.SerializeToArray(body))!),
                    name
                )
            );
        None(Shipped().Except(Approved.Messages.Select(m => m.Name)));
    }

    [Fact]
    public void A_member_of_tomorrow_is_ignored()
    {
        foreach (
            var type in GrainContract.Types.Where(t =>
                VaultWire.IsCore(t) && Samples.All.Any(s => s.GetType() == t) && !t.IsEnum
            )
        )
        {
            var sent = Json(Samples.All.First(s => s.GetType() == type));
            var newer = sent.DeepClone();
            foreach (var part in Objects(newer).ToList())
                part["OfTomorrow"] = new JsonObject { ["a"] = 1 };
            None(Differences(sent, Json(newer.Deserialize(type, VaultWire.Json)!), type.Name));
        }
    }

    [Fact]
    public void A_member_that_may_be_missing_is_read_as_null()
    {
        var left = 0;
        foreach (
            var type in GrainContract.Types.Where(t =>
                VaultWire.IsCore(t) && Samples.All.Any(s => s.GetType() == t) && GrainContract.Members(t).Count > 0
            )
        )
        {
            var sent = Json(Samples.All.First(s => s.GetType() == type)).AsObject();
            foreach (var member in GrainContract.Members(type).Where(m => m.IsNullable && !m.IsRequired))
                left += sent.Remove(member.Name) ? 1 : 0;
            None(Differences(sent, Json(sent.Deserialize(type, VaultWire.Json)!), type.Name));
        }

        Assert.True(left > 10, $"{left} members were left out");
    }

    [Fact]
    public void A_field_of_tomorrow_in_the_gateways_messages_is_ignored()
    {
        var call = new GatewayCall
        {
            Method = "POST",
            Path = "/v1/execute_tool",
            Body = [1, 2, 3],
        };
        var bytes = Serializer.SerializeToArray(call);
        var output = new ArrayBufferWriter<byte>();
        using var session = Services.GetRequiredService<SerializerSessionPool>().GetSession();
        var writer = Writer.Create(output, session);
        StringCodec.WriteField(ref writer, 40, "of tomorrow");
        writer.Commit();

        // Before the last byte, which ends the object.
        var read = Serializer.Deserialize<GatewayCall>([.. bytes[..^1], .. output.WrittenSpan, bytes[^1]])!;
        Assert.Equal((call.Method, call.Path), (read.Method, read.Path));
        Assert.Equal(call.Body, read.Body);
        Assert.Null(
            Serializer
                .Deserialize<GatewayCall>(Serializer.SerializeToArray(new GatewayCall { Method = "GET", Path = "/" }))!
                .Authorization
        );
    }

    [Theory]
    [InlineData(typeof(FileInfo))]
    [InlineData(typeof(System.Diagnostics.Process))]
    [InlineData(typeof(ApprovedTests))]
    public void A_foreign_type_in_a_message_is_refused(Type foreign)
    {
        // The name of a type that may travel, replaced in the bytes, as a sender who does not keep to the list does it.
        var bytes = Serializer.SerializeToArray<object>(Samples.All.OfType<ExecutionOrder>().First());
        var own = System.Text.Encoding.UTF8.GetBytes(
            $"{typeof(ExecutionOrder).FullName},{typeof(ExecutionOrder).Assembly.GetName().Name}"
        );
        var at = bytes.AsSpan().IndexOf(own);
        Assert.True(at > 0, "the message does not name its type");
        Assert.IsType<ExecutionOrder>(Serializer.Deserialize<object>(bytes));

        var name = System.Text.Encoding.UTF8.GetBytes($"{foreign.FullName},{foreign.Assembly.GetName().Name}");
        var output = new ArrayBufferWriter<byte>();
        using var session = Services.GetRequiredService<SerializerSessionPool>().GetSession();
        var writer = Writer.Create(output, session);
        writer.WriteVarUInt32((uint)name.Length);
        writer.Commit();
        var length = own.Length < 128 ? 1 : 2;
        var refused = Assert.ThrowsAny<Exception>(() =>
            Serializer.Deserialize<object>([
                .. bytes[..(at - length)],
                .. output.WrittenSpan,
                .. name,
                .. bytes[(at + own.Length)..],
            ])
        );
        Assert.Contains("not allowed", refused.ToString(), StringComparison.Ordinal);
    }

    // Not Assert.Equal, which shortens what it prints.
    private static void None(IEnumerable<string?> faults)
    {
        var report = string.Join('\n', faults.OfType<string>());
        Assert.True(report.Length == 0, report);
    }

    // Null: nothing that was shipped is missing. What is new is no fault.
    private static string? Gone(IReadOnlyList<string> shipped, IReadOnlyList<string> current) =>
        shipped.Except(current).ToList() is not { Count: > 0 } gone
            ? null
            : $"""
                The last release has these, and this build has changed them or has them no more:
                {string.Join("\n", gone.Select(l => "  " + l))}
                During an upgrade silos of both run side by side and call each other, so a change takes two releases:
                1. Add the new method or member beside the old one, under a new alias or name. A new member is not
                   required, and nothing calls a new method yet. The old one goes on working.
                2. Call the new one. When no silo of the release before can be left, remove the old one.
                Silos of two Orleans versions are not mixed: stop all, start all (silo-config/README.md, Upgrading),
                and measure kills and freezes again with ./scripts/crash --kill --store postgres.
                Each release then renews the files: {Approved.Renew}
                """;

    private static HashSet<string> Shipped() =>
        [
            .. Approved
                .Contract.Where(l => l.StartsWith("method ", StringComparison.Ordinal))
                .Select(l => l["method ".Length..l.IndexOf('(', StringComparison.Ordinal)]),
        ];

    private static IReadOnlyList<string> CallersOf(MethodInfo method) =>
        [.. GrainContract.Assemblies.SelectMany(a => Callers.Of(method, a))];

    private static JsonNode Json(object value) =>
        JsonSerializer.SerializeToNode(value, value.GetType(), VaultWire.Json)!;

    private static IEnumerable<JsonObject> Objects(JsonNode? node) =>
        node switch
        {
            // Data and input belong to the tool: they are JSON of any shape and carried as they are.
            JsonObject one => one.Where(m => m.Key is not ("Data" or "Input" or "Parameters"))
                .SelectMany(m => Objects(m.Value))
                .Append(one),
            JsonArray many => many.SelectMany(Objects),
            _ => [],
        };

    // What was meant and is not there; what is there beside it is no difference.
    private static IEnumerable<string> Differences(JsonNode? meant, JsonNode? read, string where) =>
        (meant, read) switch
        {
            (JsonObject a, JsonObject b) => a.SelectMany(m => Differences(m.Value, b[m.Key], $"{where}.{m.Key}")),
            (JsonArray a, JsonArray b) when a.Count == b.Count => a.Zip(b)
                .SelectMany((p, i) => Differences(p.First, p.Second, $"{where}[{i}]")),
            _ => JsonNode.DeepEquals(meant, read)
                ? []
                : [$"{where}: {meant?.ToJsonString() ?? "null"} was read as {read?.ToJsonString() ?? "null"}"],
        };
}
