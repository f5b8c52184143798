using Vault.Core.Packs;
using Vault.Providers.Import;

namespace Vault.Providers.Tests.Import;

/// <summary>A document is what a stranger sends: whatever is wrong with it has an answer.</summary>
public sealed class SpoiledDocumentTests(ImportFixture fixture) : IClassFixture<ImportFixture>
{
    [Theory]
    [InlineData("")]
    [InlineData(" \n\t")]
    [InlineData("\uFEFF")]
    public void An_empty_document_is_told(string text)
    {
        var plan = Plan(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.False(plan.IsOk);
        Assert.Contains("is empty", plan.Error!.Violations.Select(v => v.Message).Append(plan.Error.Detail).Aggregate(string.Concat), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"openapi":"3.0.0","info":{"title":"\ud800","version":"1"},"paths":{"/\udc00":{}}}""")]
    [InlineData("""{"openapi":"\ud800"}""")]
    [InlineData("""{"swagger":"2.0","\ud800":1,"paths":{"/a":{"get":{"operationId":"\ud800"}}}}""")]
    public void Half_a_character_has_an_answer(string text) => Assert.Null(Record.Exception(() => Plan(System.Text.Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Cut_and_changed_documents_have_an_answer_and_no_exception()
    {
        var random = new Random(7);
        var refused = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Cases", "import")))
        {
            var whole = File.ReadAllBytes(file);
            for (var i = 0; i < 120; i++)
            {
                var bytes = whole.ToArray();
                for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                if (i % 3 == 0) bytes = bytes[..random.Next(bytes.Length)];
                if (!Plan(bytes).IsOk) refused++;
            }
        }

        Assert.True(refused > 100);
    }

    private Core.Errors.Result<ImportPlan> Plan(byte[] document) => new ToolImport(fixture.Packs).Plan(new ImportRequest { Provider = "sandbox_key" }, document, null);
}
