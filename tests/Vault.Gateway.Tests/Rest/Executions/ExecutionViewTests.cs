using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Executions;

namespace Vault.Gateway.Tests.Rest.Executions;

/// <summary>
/// The answer of <c>execute_tool</c> writes itself; what it writes is what the serializer, which the contract is made
/// from, would write.
/// </summary>
public sealed class ExecutionViewTests
{
    [Theory]
    [InlineData(Outcome.Succeeded)]
    [InlineData(Outcome.FailedBeforeSend)]
    [InlineData(Outcome.FailedUpstream)]
    [InlineData(Outcome.OutcomeUnknown)]
    public void A_full_answer_reads_as_the_serializer_writes_it(Outcome outcome)
    {
        var data = JsonSerializer.SerializeToElement(
            new { name = "Weekly „summary“ <b>", nested = new object?[] { 1.50m, null, true, "\u0001" } }
        );
        Same(
            new ExecutionResult
            {
                ExecutionId = "exe_1",
                Outcome = outcome,
                Data = data,
                Status = 200,
                Trust = "untrusted",
                NextPageToken = "next+/=",
                Truncated = true,
                OutputHandle = "exe_1",
                ConnectedAccountId = "ca_1",
                ScopesUsed = ["read:items", "ä"],
            }
        );
    }

    [Fact]
    public void Absent_members_are_null_as_the_serializer_writes_them() =>
        Same(new ExecutionResult { ExecutionId = "exe_1", Outcome = Outcome.Succeeded });

    private static void Same(ExecutionResult result)
    {
        var view = new ExecutionView(result);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = GatewayJson.Options.Encoder }))
            view.Write(json);
        Assert.Equal(JsonSerializer.Serialize(view, GatewayJson.Options), Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
