using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Search;
using Vault.Providers.Tests.Peers;

namespace Vault.Providers.Tests.Search;

/// <summary>
/// The index finds tools by what people call them, and keeps nothing of one search for the next.
/// </summary>
public sealed class ToolIndexTests
{
    private static readonly Lazy<(ToolIndex Index, List<Tool> Tools)> Everything = new(() =>
    {
        var tools = LoadedPacks.All.All.SelectMany(p => p.Tools.Select(t => new Tool(p, t, new Anything()))).ToList();
        return (new ToolIndex(tools), tools);
    });

    private static readonly ProviderPack Pack = LoadedPacks.All.All.Single(p => p.Id == "slack");

    [Fact]
    public void People_find_the_tool_of_their_task()
    {
        var tasks = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Search", "tasks.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Select(l => (Task: l[0], Tools: l[1].Split(' ')))
            .ToList();
        var (first, five, missed) = (0, 0, new List<string>());
        foreach (var (task, tools) in tasks)
        {
            Assert.All(tools, t => Assert.Contains(Everything.Value.Tools, known => known.Definition.Name == t));
            var found = Everything.Value.Index.Search(task, null, 5).Select(t => t.Definition.Name).ToList();
            first += tools.Contains(found.FirstOrDefault()) ? 1 : 0;
            five += found.Intersect(tools).Any() ? 1 : 0;
            if (!found.Intersect(tools).Any())
                missed.Add($"{task}: {string.Join(' ', found)}");
        }

        var figures = $"first {first}, of five {five}, tasks {tasks.Count}\n{string.Join('\n', missed)}";
        Assert.True(tasks.Count >= 200, figures);
        Assert.True(five >= tasks.Count * 0.92, figures);
        Assert.True(first >= tasks.Count * 0.72, figures);
    }

    [Theory]
    [InlineData("send a message on discord", "discord_send_message")]
    [InlineData("discord", "discord_send_message")]
    [InlineData("gcal event tomorrow", "google_calendar_create_event")]
    [InlineData("chan", "slack_list_channels")]
    [InlineData("create a calender event", "google_calendar_create_event")]
    [InlineData("notfiy the team", "slack_send_message")]
    [InlineData("Lösche die Nachricht in Slack", "slack_delete_message")]
    [InlineData("sandbox single use profile", "sandbox_single_use_get_profile")]
    public void A_name_a_beginning_a_typing_error_and_another_language_are_understood(string query, string tool) =>
        Assert.Contains(tool, Everything.Value.Index.Search(query, null, 5).Select(t => t.Definition.Name));

    [Fact]
    public void Each_step_of_a_task_finds_its_tool()
    {
        var found = Everything
            .Value.Index.Search("find the deal of Acme in hubspot and post a summary in slack", null, 5)
            .Select(t => t.Definition.Name)
            .ToList();
        Assert.Contains("hubspot_search_deals", found);
        Assert.Contains("slack_send_message", found);
    }

    [Fact]
    public void A_question_finds_what_reads_before_what_deletes()
    {
        var found = Everything.Value.Index.Search("which repositories do I have", null, 30).ToList();
        Assert.Equal(Effect.Read, found[0].Definition.Effect);
        Assert.True(
            found.FindIndex(t => t.Definition.Name == "github_list_my_repos")
                < found.FindIndex(t => t.Definition.Name == "github_delete_repo")
        );
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
        var index = Everything.Value.Index;
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
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 16_384);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ,;  ")]
    [InlineData("ÄÖÜ ß 漢字 \ud83d\ude00 \0")]
    public void Any_text_is_a_query(string query) =>
        Assert.NotNull(new ToolIndex([Make("slack_find", "find")]).Search(query + new string('x', 500), null, 5));

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
