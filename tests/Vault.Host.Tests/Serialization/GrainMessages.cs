using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;
using Vault.Client.Cluster;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Sealing;
using Vault.Host.Cluster;

namespace Vault.Host.Tests.Serialization;

/// <summary>
/// An example of every message between silos and from clients: each method's request, each kind of answer to it, and
/// the failures that travel.
/// </summary>
internal static class GrainMessages
{
    private static readonly object[] Plain = [3L, ImmutableArray.Create("read", "write")];

    // What Orleans generates to carry a call; the method's identity is in its bytes.
    private static readonly IReadOnlyList<RequestBase> Requests =
    [
        .. GrainContract
            .Assemblies.SelectMany(a => a.GetTypes())
            .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(RequestBase)))
            .Select(t => (RequestBase)Activator.CreateInstance(t)!),
    ];

    public static IReadOnlyList<(string Name, object Body)> All { get; } =
    [
        .. GrainContract.Methods.Select(m => (GrainContract.Id(m), (object)Request(m))),
        .. GrainContract.Methods.SelectMany(m =>
            Answers(GrainContract.AnswerOf(m)).Select((a, i) => ($"{GrainContract.Id(m)} answer {i + 1}", a))
        ),
        (
            "failure store_unavailable",
            Response.FromException(new StoreUnavailableException("away", mayHaveCommitted: true))
        ),
        ("failure key_service_unavailable", Response.FromException(new KeyServiceUnavailableException("away"))),
    ];

    /// <summary>What the receiver gets to see of a message.</summary>
    public static JsonNode Read(object body) =>
        body switch
        {
            IInvokable call => new JsonObject
            {
                ["method"] = GrainContract.Id(call.GetMethod()),
                ["arguments"] = new JsonArray([
                    .. Enumerable
                        .Range(0, call.GetArgumentCount())
                        .Where(i => call.GetArgument(i) is not CancellationToken)
                        .Select(i => Text(call.GetArgument(i))),
                ]),
            },
            Response { Exception: { } failure } => new JsonObject { ["failure"] = Text(failure) },
            Response answer => new JsonObject
            {
                ["type"] = answer.GetSimpleResultType() is { } type ? GrainContract.Name(type) : null,
                ["answer"] = Text(answer.Result),
            },
            _ => throw new InvalidOperationException($"{body.GetType()} is neither a request nor an answer."),
        };

    private static JsonNode? Text(object? value) =>
        JsonSerializer.SerializeToNode(
            value,
            value is Exception ? typeof(Exception) : value?.GetType() ?? typeof(object),
            VaultWire.Json
        );

    private static RequestBase Request(MethodInfo method)
    {
        var request = Requests.Single(r => r.GetMethod() == method);
        for (var i = 0; i < request.GetArgumentCount(); i++)
            if (method.GetParameters()[i].ParameterType is var type && type != typeof(CancellationToken))
                request.SetArgument(i, type == typeof(string) ? $"argument {i}" : Example(type));
        return request;
    }

    private static object Example(Type type) =>
        Samples.All.Concat(Plain).First(s => s.GetType() == (Nullable.GetUnderlyingType(type) ?? type));

    private static IEnumerable<object> Answers(Type type) =>
        type == typeof(void)
            ? [Response.Completed]
            : Samples
                .All.Where(s => s.GetType() == type)
                .Select(s =>
                    typeof(Response).GetMethod(nameof(Response.FromResult))!.MakeGenericMethod(type).Invoke(null, [s])!
                );
}
