using System.Text.Json.Serialization;

namespace Vault.Core.Execution;

/// <summary>What is known of an execution.</summary>
public enum Outcome
{
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>Nothing reached the provider.</summary>
    [JsonStringEnumMemberName("failed_before_send")]
    FailedBeforeSend,

    /// <summary>The provider responded with a failure.</summary>
    [JsonStringEnumMemberName("failed_upstream")]
    FailedUpstream,

    /// <summary>The provider may or may not have acted.</summary>
    [JsonStringEnumMemberName("outcome_unknown")]
    OutcomeUnknown,
}

/// <summary>The names of outcomes in responses and in the ledger.</summary>
public static class OutcomeNames
{
    public static string Of(Outcome outcome) =>
        outcome switch
        {
            Outcome.Succeeded => "succeeded",
            Outcome.FailedBeforeSend => "failed_before_send",
            Outcome.FailedUpstream => "failed_upstream",
            _ => "outcome_unknown",
        };

    /// <summary>A name that is missing or unknown says nothing, so the outcome is unknown.</summary>
    public static Outcome Parse(string? name) =>
        name switch
        {
            "succeeded" => Outcome.Succeeded,
            "failed_before_send" => Outcome.FailedBeforeSend,
            "failed_upstream" => Outcome.FailedUpstream,
            _ => Outcome.OutcomeUnknown,
        };
}
