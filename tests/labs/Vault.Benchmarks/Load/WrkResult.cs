using System.Text.Json.Serialization;

namespace Vault.Benchmarks.Load;

/// <summary>What requests.lua prints. Times in microseconds.</summary>
internal sealed record WrkResult(
    [property: JsonPropertyName("requests")] long Requests,
    [property: JsonPropertyName("duration_us")] long Duration,
    [property: JsonPropertyName("p50_us")] double P50,
    [property: JsonPropertyName("p95_us")] double P95,
    [property: JsonPropertyName("p99_us")] double P99,
    [property: JsonPropertyName("max_us")] double Longest,
    [property: JsonPropertyName("connect_errors")] long ConnectErrors,
    [property: JsonPropertyName("read_errors")] long ReadErrors,
    [property: JsonPropertyName("write_errors")] long WriteErrors,
    [property: JsonPropertyName("timeouts")] long Timeouts,
    [property: JsonPropertyName("refused")] long Refused
)
{
    public long Errors => ConnectErrors + ReadErrors + WriteErrors + Timeouts + Refused;
}
