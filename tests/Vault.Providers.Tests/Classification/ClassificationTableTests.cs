using System.Text.Json;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Providers.Classification;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Classification;

/// <summary>
/// Documented answers of each provider and what they mean. A case is data with its source; adding one takes no code.
/// </summary>
public sealed class ClassificationTableTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);
    private static readonly PackCatalogue Packs = LoadedPacks.All;
    private static readonly JsonElement[] TokenCases = Cases("token-answers.json");
    private static readonly JsonElement[] ApiCases = Cases("api-answers.json");

    public static TheoryData<int, string> TokenRows { get; } = Rows(TokenCases);

    public static TheoryData<int, string> ApiRows { get; } = Rows(ApiCases);

    [Theory]
    [MemberData(nameof(TokenRows))]
    public void A_token_answer(int row, string title)
    {
        var fixture = TokenCases[row];
        var reply = TokenResponseClassifier.Classify(Pack(fixture), ResponseOf(fixture), Now);
        (string Meaning, string? Reason, string Code, TimeSpan? Wait) got = reply switch
        {
            TokenReply.NotActed r => ("NotActed", null, r.Failure, r.RetryAfter),
            TokenReply.MayHaveActed r => ("MayHaveActed", null, r.Failure, r.RetryAfter),
            TokenReply.GrantDead r => ("GrantDead", r.Reason, r.Failure, null),
            TokenReply.ClientRefused r => ("ClientRefused", r.Reason, r.Failure, null),
            _ => ("Granted", null, "", null),
        };
        Assert.Equal((Text(fixture, "meaning"), Text(fixture, "reason")), (got.Meaning, got.Reason));
        if (Text(fixture, "code") is { } expected)
            Assert.Equal(expected, got.Code);
        if (fixture.TryGetProperty("retry_after_s", out var seconds))
            Assert.Equal(TimeSpan.FromSeconds(seconds.GetInt32()), got.Wait);
        Assert.NotEmpty(title);
    }

    [Theory]
    [MemberData(nameof(ApiRows))]
    public void An_api_answer(int row, string title)
    {
        var fixture = ApiCases[row];
        var verdict = ApiResponseClassifier.Classify(Pack(fixture), ResponseOf(fixture), Now);
        Assert.Equal(
            (Text(fixture, "outcome"), Text(fixture, "reason"), Text(fixture, "code")),
            (verdict.Outcome.ToString(), verdict.Reason, verdict.Code)
        );
        Assert.Equal(
            fixture.TryGetProperty("retry_after_s", out var seconds) ? TimeSpan.FromSeconds(seconds.GetInt32()) : null,
            verdict.RetryAfter
        );
        if (fixture.TryGetProperty("missing_scopes", out var scopes))
            Assert.Equal(scopes.EnumerateArray().Select(s => s.GetString()!), verdict.MissingScopes);
        Assert.NotEmpty(title);
    }

    /// <summary>
    /// Law 6 over every pack, the operator's rules included: a transient status without a body never kills a grant.
    /// </summary>
    [Fact]
    public void No_pack_makes_a_transient_status_terminal()
    {
        foreach (var pack in Packs.All.Where(p => p.Details.OAuth is not null))
        {
            foreach (var status in new[] { 408, 425, 429, 500, 502, 503, 504 })
            {
                var reply = TokenResponseClassifier.Classify(
                    pack,
                    new ProviderResponse(status, _ => null, default),
                    Now
                );
                Assert.True(reply is TokenReply.NotActed or TokenReply.MayHaveActed, $"{pack.Id} {status}: {reply}");
            }
        }
    }

    [Fact]
    public void There_are_at_least_two_hundred_and_fifty_answers_each_with_its_source()
    {
        Assert.True(TokenCases.Length + ApiCases.Length >= 250, $"{TokenCases.Length} + {ApiCases.Length}");
        Assert.All(TokenCases.Concat(ApiCases), c => Assert.False(string.IsNullOrEmpty(Text(c, "source"))));
    }

    private static ProviderPack Pack(JsonElement fixture) => Packs.All.Single(p => p.Id == Text(fixture, "provider"));

    private static ProviderResponse ResponseOf(JsonElement fixture)
    {
        var headers = fixture.TryGetProperty("headers", out var given)
            ? given
                .EnumerateObject()
                .ToDictionary(h => h.Name, h => h.Value.GetString(), StringComparer.OrdinalIgnoreCase)
            : [];
        return new ProviderResponse(
            fixture.GetProperty("status").GetInt32(),
            name => headers.GetValueOrDefault(name),
            fixture.TryGetProperty("body", out var body) && body.ValueKind != JsonValueKind.String ? body : default
        );
    }

    private static string? Text(JsonElement fixture, string name) =>
        fixture.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static JsonElement[] Cases(string file) =>
        [
            .. JsonDocument
                .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", file)))
                .RootElement.EnumerateArray(),
        ];

    private static TheoryData<int, string> Rows(JsonElement[] cases)
    {
        var rows = new TheoryData<int, string>();
        for (var i = 0; i < cases.Length; i++)
            rows.Add(i, $"{Text(cases[i], "provider")} {cases[i].GetProperty("status")} {Text(cases[i], "code")}");
        return rows;
    }
}
