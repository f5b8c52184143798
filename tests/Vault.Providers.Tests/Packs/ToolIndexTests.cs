using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Packs;

/// <summary>
/// The index finds what a search without one would, ranks it the same, and keeps nothing of one search for the next.
/// </summary>
public sealed class ToolIndexTests
{
    private static readonly ProviderPack Pack = LoadedPacks.All.All.Single(p => p.Id == "slack");

    [Fact]
    public void Ranks_as_the_formula_does_whatever_was_asked_before()
    {
        var random = new Random(7);
        string[] words =
        [
            "send",
            "sender",
            "sending",
            "message",
            "mess",
            "channel",
            "chan",
            "list",
            "listing",
            "invoice",
            "the",
            "to",
            "a",
        ];
        var tools = Enumerable
            .Range(0, 300)
            .Select(i =>
                Make(
                    $"slack_{words[random.Next(words.Length)]}_{i:000}",
                    string.Join(
                        ' ',
                        Enumerable.Range(0, random.Next(1, 20)).Select(_ => words[random.Next(words.Length)])
                    )
                )
            )
            .ToList();
        var index = new ToolIndex(tools);
        var documents = tools.Select(t => (t.Definition.Name, Words: Words(t))).ToList();
        for (var i = 0; i < 300; i++)
        {
            var query = string.Join(
                ' ',
                Enumerable.Range(0, random.Next(1, 5)).Select(_ => words[random.Next(words.Length)])
            );
            Assert.Equal(
                Plain(documents, query).Take(10),
                index.Search(query, null, 10).Select(t => t.Definition.Name)
            );
        }
    }

    [Fact]
    public void A_hidden_tool_takes_no_place_of_the_limit()
    {
        var index = new ToolIndex(Enumerable.Range(0, 50).Select(i => Make($"slack_find_{i:00}", "find")));
        Assert.Equal(
            ["slack_find_40", "slack_find_41"],
            index
                .Search("find", null, 2, t => string.CompareOrdinal(t.Definition.Name, "slack_find_40") >= 0)
                .Select(t => t.Definition.Name)
        );
        Assert.Equal(
            ["slack_find_49"],
            index.Search("", null, 5, t => t.Definition.Name == "slack_find_49").Select(t => t.Definition.Name)
        );
        Assert.Empty(index.Search("find", "another", 5));
        Assert.Empty(index.Search("find", null, 0));
    }

    [Fact]
    public async Task Many_at_once_do_not_disturb_each_other()
    {
        var index = new ToolIndex(
            LoadedPacks.All.All.SelectMany(p => p.Tools.Select(t => new Tool(p, t, new Anything())))
        );
        string[] queries = ["send message", "list issues", "create invoice", "delete", "calendar event", "zzz"];
        var alone = queries.Select(q => index.Search(q, null, 20).Select(t => t.Definition.Name).ToArray()).ToArray();
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = Enumerable
            .Range(0, 8)
            .Select(worker =>
                Task.Run(async () =>
                {
                    await start.Task;
                    for (var i = 0; i < 200; i++)
                    {
                        var which = (worker + i) % queries.Length;
                        Assert.Equal(
                            alone[which],
                            index.Search(queries[which], null, 20).Select(t => t.Definition.Name)
                        );
                    }
                })
            )
            .ToList();
        start.SetResult();
        await Task.WhenAll(all);
    }

    [Fact]
    public void A_search_allocates_its_answer_and_little_else()
    {
        var index = new ToolIndex(
            Enumerable.Range(0, 5_000).Select(i => Make($"slack_find_{i:0000}", "find the channel of message " + i))
        );
        for (var i = 0; i < 50; i++)
            index.Search("find channel message", null, 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            index.Search("find channel message", null, 20);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 4_096);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ,;  ")]
    [InlineData("ÄÖÜ ß 漢字 \ud83d\ude00 \0")]
    public void Any_text_is_a_query(string query) =>
        Assert.NotNull(new ToolIndex([Make("slack_find", "find")]).Search(query + new string('x', 500), null, 5));

    /// <summary>BM25 over every document, word by word.</summary>
    private static IEnumerable<string> Plain(List<(string Name, Dictionary<string, int> Words)> documents, string query)
    {
        var terms = query
            .Split(' ')
            .Select(Stem)
            .Distinct()
            .Select(word => (Text: word, With: Math.Max(1, documents.Count(d => d.Words.ContainsKey(word)))))
            .ToList();
        var average = documents.Average(d => (double)d.Words.Values.Sum());
        return documents
            .Select(d => (d.Name, Score: terms.Sum(term => Score(d.Words, term.Text, term.With))))
            .Where(d => d.Score > 0)
            .OrderByDescending(d => Math.Round(d.Score, 9))
            .ThenBy(d => d.Name, StringComparer.Ordinal)
            .Select(d => d.Name);

        double Score(Dictionary<string, int> words, string word, int with)
        {
            double count = words.GetValueOrDefault(word);
            if (count == 0 && word.Length >= 3)
                count = words.Where(w => w.Key.StartsWith(word, StringComparison.Ordinal)).Sum(w => w.Value) / 2.0;
            return Math.Log(1 + ((documents.Count - with + 0.5) / (with + 0.5)))
                * count
                * 2.2
                / (count + (1.2 * (0.25 + (0.75 * words.Values.Sum() / average))));
        }
    }

    private static Dictionary<string, int> Words(Tool tool)
    {
        var words = new Dictionary<string, int>();
        foreach (
            var (text, weight) in new[]
            {
                (tool.Definition.Name.Replace('_', ' '), 3),
                (tool.Pack.DisplayName, 1),
                (tool.Definition.Description, 1),
            }
        )
        foreach (var word in text.ToLowerInvariant().Split(' ').Select(Stem))
            words[word] = words.GetValueOrDefault(word) + weight;
        return words;
    }

    private static string Stem(string word) =>
        word.Length > 3 && word[^1] == 's' && word[^2] != 's' ? word[..^1] : word;

    private static Tool Make(string name, string description) =>
        new(
            Pack,
            new ToolDefinition
            {
                Name = name,
                Version = "1",
                Description = description,
                Effect = Effect.Read,
                Idempotency = Idempotency.Natural,
                Scopes = ScopeRequirement.None,
                InputSchema = default,
                Request = new ToolRequest { Method = "GET", Url = UrlTemplate.Parse("/") },
            },
            new Anything()
        );

    private sealed class Anything : IInputSchema
    {
        public IReadOnlyList<Violation> Validate(JsonElement input) => [];
    }
}
