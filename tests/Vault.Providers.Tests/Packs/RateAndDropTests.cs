using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Packs;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Packs;

/// <summary>What shipped tools are counted with, and what is left out of their answers.</summary>
public sealed class RateAndDropTests
{
    // What agents name things by, and what a person would click on.
    private static readonly string[] Needed =
    [
        "id",
        "number",
        "key",
        "name",
        "full_name",
        "title",
        "html_url",
        "clone_url",
        "state",
        "status",
        "login",
        "displayName",
        "accountId",
        "summary",
        "sha",
        "path",
        "email",
    ];

    private static readonly Lazy<IReadOnlyList<ToolDefinition>> Loaded = new(() =>
        [
            .. Files()
                .SelectMany(p => new PackReader().Read(Encoding.UTF8.GetBytes(p.ToJsonString()), "pack").Pack!.Tools),
        ]
    );

    public static TheoryData<string> Tools { get; } =
    [.. All().Where(t => t.Request.Drop.Length > 0).Select(t => t.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData("slack_list_channels", 20)]
    [InlineData("google_sheets_read_values", 60)]
    [InlineData("google_sheets_append_values", 60)]
    [InlineData("gmail_send_message", 150)]
    [InlineData("gmail_search_messages", 3000)]
    [InlineData("notion_create_page", 180)]
    [InlineData("outlook_send_mail", 1000)]
    [InlineData("asana_search_tasks", 60)]
    [InlineData("asana_get_task", 150)]
    [InlineData("box_search_content", 60)]
    [InlineData("xero_list_invoices", 60)]
    [InlineData("hubspot_search_deals", 240)]
    [InlineData("github_search_issues", 30)]
    [InlineData("github_search_code", 10)]
    [InlineData("github_create_issue", 80)]
    [InlineData("github_get_issue", null)]
    [InlineData("hubspot_get_deal", null)]
    public void A_tool_is_counted_as_its_provider_says(string name, int? perMinute) =>
        Assert.Equal(perMinute, All().Single(t => t.Name == name).Rate?.PerMinute);

    [Fact]
    public void Every_rate_class_names_its_source()
    {
        foreach (var pack in Files().Where(p => p["rate_classes"] is not null))
        {
            foreach (var (name, rate) in pack["rate_classes"]!.AsObject())
                Assert.True(
                    ((string?)rate!["source"])?.StartsWith("https://", StringComparison.Ordinal),
                    $"{pack["id"]} {name}"
                );
            var used = pack["tools"]!
                .AsArray()
                .Select(t => (string?)t!["rate_class"])
                .OfType<string>()
                .Distinct()
                .Order();
            Assert.Equal(pack["rate_classes"]!.AsObject().Select(c => c.Key).Order(), used);
        }
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void What_is_named_is_left_out_and_nothing_beside_it(string name)
    {
        var tool = All().Single(t => t.Name == name);
        Assert.Equal(tool.Request.Drop.Length, tool.Request.Drop.DistinctBy(p => p.Source).Count());
        foreach (var path in tool.Request.Drop)
        {
            Assert.DoesNotContain(path.Segments[^1], Needed);
            var full = JsonDocument.Parse(Sample(path, 0).ToJsonString()).RootElement;
            Assert.NotNull(path.First(full));
            var less = JsonDocument.Parse(JsonDrop.Write(full, tool.Request.Drop)).RootElement;
            Assert.Null(path.First(less));
            Assert.Equal(Count(full, "html_url"), Count(less, "html_url"));
        }
    }

    [Fact]
    public void A_pull_request_keeps_what_is_read_and_loses_what_is_not()
    {
        const string User =
            """{"login":"ada","id":1,"node_id":"U","avatar_url":"a","url":"b","html_url":"https://github.com/ada","followers_url":"c","type":"User"}""";
        const string Repo =
            $$"""{"id":7,"full_name":"acme/grove","node_id":"R","html_url":"https://github.com/acme/grove","clone_url":"https://github.com/acme/grove.git","forks_url":"d","default_branch":"main","owner":{{User}}}""";
        const string Pull =
            $$"""{"url":"x","id":3,"node_id":"P","number":12,"title":"Plant","html_url":"https://github.com/acme/grove/pull/12","_links":{"self":{"href":"y"} },"user":{{User}},"head":{"ref":"plant","sha":"abc","repo":{{Repo}},"user":{{User}}},"base":{"ref":"main","repo":null},"draft":false}""";
        var kept = JsonNode
            .Parse(
                JsonDrop.Write(
                    JsonDocument.Parse($"[{Pull},{Pull}]").RootElement,
                    All().Single(t => t.Name == "github_list_pulls").Request.Drop
                )
            )!
            .AsArray();
        Assert.Equal(2, kept.Count);
        Assert.Equal(
            """{"id":3,"number":12,"title":"Plant","html_url":"https://github.com/acme/grove/pull/12","user":{"login":"ada","id":1,"html_url":"https://github.com/ada","type":"User"},"head":{"ref":"plant","sha":"abc","repo":{"id":7,"full_name":"acme/grove","html_url":"https://github.com/acme/grove","clone_url":"https://github.com/acme/grove.git","default_branch":"main","owner":{"login":"ada","id":1,"html_url":"https://github.com/ada","type":"User"}},"user":{"login":"ada","id":1,"html_url":"https://github.com/ada","type":"User"}},"base":{"ref":"main","repo":null},"draft":false}""",
            kept[1]!.ToJsonString()
        );
    }

    [Fact]
    public void An_issue_of_jira_keeps_its_fields()
    {
        const string Issue =
            """{"expand":"a,b","id":"1","self":"https://x/1","key":"GRO-1","fields":{"summary":"Plant","assignee":{"self":"s","accountId":"5","avatarUrls":{"48x48":"u"},"displayName":"Ada"},"status":{"self":"s","iconUrl":"i","name":"Open","statusCategory":{"self":"s","key":"new"}},"labels":["a"],"parent":null}}""";
        var kept = JsonDrop.Write(
            JsonDocument.Parse(Issue).RootElement,
            All().Single(t => t.Name == "jira_get_issue").Request.Drop
        );
        Assert.Equal(
            """{"id":"1","key":"GRO-1","fields":{"summary":"Plant","assignee":{"accountId":"5","displayName":"Ada"},"status":{"name":"Open","statusCategory":{"key":"new"}},"labels":["a"],"parent":null}}""",
            Encoding.UTF8.GetString(kept)
        );
    }

    /// <summary>A body that has the path, lists where it says so, and beside every member one that must stay.</summary>
    private static JsonNode Sample(ValuePath path, int depth)
    {
        if (depth == path.Segments.Length)
            return "x";
        return path.Segments[depth] == "*"
            ? new JsonArray(Sample(path, depth + 1), Sample(path, depth + 1))
            : new JsonObject { ["html_url"] = "stays", [path.Segments[depth]] = Sample(path, depth + 1) };
    }

    private static int Count(JsonElement value, string name) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().Sum(m => (m.Name == name ? 1 : 0) + Count(m.Value, name)),
            JsonValueKind.Array => value.EnumerateArray().Sum(e => Count(e, name)),
            _ => 0,
        };

    private static IEnumerable<JsonNode> Files() =>
        Directory
            .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "packs"), "*.json")
            .Where(f => !f.EndsWith(".schema.json", StringComparison.Ordinal))
            .Select(f => JsonNode.Parse(File.ReadAllBytes(f))!);

    private static IReadOnlyList<ToolDefinition> All() => Loaded.Value;
}
