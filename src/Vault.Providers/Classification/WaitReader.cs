using System.Globalization;
using System.Net.Http.Headers;
using Vault.Core.Packs;

namespace Vault.Providers.Classification;

/// <summary>How long a provider asks to wait: the pack's headers first, then Retry-After (RFC 9110 10.2.3).</summary>
internal static class WaitReader
{
    /// <summary>A longer wait is assumed to be a mistake and is reduced to this.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromHours(24);

    private static readonly RetryAfterSource Standard = new("Retry-After", RetryAfterForm.Standard);

    /// <param name="limited">Whether the response reports a rate limit. The pack's own headers are read only then:
    /// GitHub sends the end of its hourly window with every response, including a 503.</param>
    public static TimeSpan? Read(ProviderPack pack, ProviderResponse response, DateTimeOffset now, bool limited)
    {
        // A reset in the past is ignored, and the next source is read.
        foreach (var source in limited ? pack.Details.RetryAfter.Append(Standard) : [Standard])
        {
            // Limit the number before converting it: milliseconds given as seconds would exceed the range of dates.
            if (
                response.Header(source.Header) is { } text
                && Seconds(text.Split(',')[0].Trim(), text.Trim(), source.Form, now) is { } wait
                && wait > 0
            )
                return wait < MaxWait.TotalSeconds ? TimeSpan.FromSeconds(wait) : MaxWait;
        }

        return null;
    }

    private static double? Seconds(string first, string value, RetryAfterForm form, DateTimeOffset now)
    {
        if (form == RetryAfterForm.Standard)
        {
            if (Number(first) is { } seconds)
                return seconds;
            // An HTTP date contains a comma, so parse the whole value.
            return RetryConditionHeaderValue.TryParse(value, out var parsed) && parsed.Date is { } date
                ? (date - now).TotalSeconds
                : null;
        }

        if (Number(first) is not { } number)
            return null;
        return form switch
        {
            RetryAfterForm.Seconds => number,
            RetryAfterForm.Milliseconds => number / 1000,
            RetryAfterForm.EpochSeconds => number - (now - DateTimeOffset.UnixEpoch).TotalSeconds,
            _ => (number / 1000) - (now - DateTimeOffset.UnixEpoch).TotalSeconds,
        };
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number is >= 0 and < 1e14
            ? number
            : null;
}
