using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using Vault.Core.Templates;

namespace Vault.Providers.OAuth;

/// <summary>
/// Reads when a token expires. Providers write a lifetime or a time, as a number or a string, and sometimes a time
/// where
/// a lifetime belongs; the magnitude tells them apart.
/// </summary>
internal static partial class ExpiryReader
{
    /// <summary>The longest lifetime; a larger number is a time. 315,360,000 as a time is in 1979.</summary>
    private const double MaxSeconds = 10 * 365 * 86_400.0;

    // 1e11 seconds is in the year 5138, 1e11 milliseconds in 1973; likewise for the finer units.
    private const double FirstMilliseconds = 1e11;
    private const double FirstMicroseconds = 1e14;
    private const double FirstNanoseconds = 1e17;

    /// <summary>Names that are in use where a response has no <c>expires_in</c> and the pack names no path.</summary>
    private static readonly ValuePath[] UsualTimes =
    [
        .. new[]
        {
            "expires_at",
            "expires_on",
            "expires",
            "expiry_date",
            "expiry",
            "expiration",
            "expires_date",
        }.Select(ValuePath.Parse),
    ];

    public static DateTimeOffset? Access(ValuePath lifetime, ValuePath? time, JsonElement body, DateTimeOffset sentAt)
    {
        if (Read(lifetime, body, sentAt) is { } end)
            return end;
        return time is not null
            ? Read(time, body, sentAt)
            : UsualTimes.Select(path => Read(path, body, sentAt)).FirstOrDefault(t => t is not null);
    }

    /// <summary>
    /// Null without a value, and for one that cannot be true of a new token: not in the future, or in more than ten
    /// years. 0 and -1 are in use for tokens that do not expire.
    /// </summary>
    public static DateTimeOffset? Read(ValuePath path, JsonElement body, DateTimeOffset sentAt)
    {
        if (path.TextIn(body)?.Trim() is not { Length: > 0 and <= 64 } text)
            return null;
        var end = Number(text) is { } number ? FromNumber(number, sentAt) : FromText(text, sentAt);
        return end > sentAt && (end.Value - sentAt).TotalSeconds < MaxSeconds ? end : null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : null;

    private static DateTimeOffset? FromNumber(double number, DateTimeOffset sentAt) =>
        number switch
        {
            <= 0 => null,
            < MaxSeconds => sentAt.AddSeconds(number),
            < FirstMilliseconds => DateTimeOffset.UnixEpoch.AddSeconds(number),
            < FirstMicroseconds => DateTimeOffset.UnixEpoch.AddMilliseconds(number),
            < FirstNanoseconds => DateTimeOffset.UnixEpoch.AddMilliseconds(number / 1e3),
            < 1e20 => DateTimeOffset.UnixEpoch.AddMilliseconds(number / 1e6),
            _ => null,
        };

    private static DateTimeOffset? FromText(string text, DateTimeOffset sentAt)
    {
        // The form of ASP.NET's former JSON serializer, also with an offset.
        if (OldJsonDate().Match(text) is { Success: true } match)
            return FromNumber(Number(match.Groups[1].Value) ?? 0, sentAt);
        // ISO 8601 4.4.3, for example PT1H.
        if (text.StartsWith('P'))
            return Duration(text) is { } duration ? sentAt + duration : null;
        if (text.EndsWith(" UTC", StringComparison.OrdinalIgnoreCase))
            text = text[..^4] + "Z";
        return DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var at
        )
            ? at
            : null;
    }

    private static TimeSpan? Duration(string text)
    {
        try
        {
            return XmlConvert.ToTimeSpan(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A/?Date\((\d{1,17})(?:[+-]\d{4})?\)/?\z", RegexOptions.CultureInvariant)]
    private static partial Regex OldJsonDate();
}
