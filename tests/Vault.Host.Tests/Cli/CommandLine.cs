using System.Text;
using System.Text.Json;
using Vault.Cli;

namespace Vault.Host.Tests.Cli;

/// <summary>The real command, with its words, its streams and its environment.</summary>
internal sealed class CommandLine(IReadOnlyDictionary<string, string> environment)
{
    public async Task<Ran> RunAsync(string input, params string[] words)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var code = await VaultCommand.RunAsync(
            words,
            new CliConsole(output, errors, new MemoryStream(Encoding.UTF8.GetBytes(input)), environment),
            CancellationToken.None
        );
        return new Ran(code, output.ToString(), errors.ToString());
    }

    public async Task<string> OkAsync(string input, params string[] words)
    {
        var ran = await RunAsync(input, words);
        Assert.True(ran.Code == 0, $"{string.Join(' ', words)}: {ran}");
        return ran.Out;
    }

    public async Task<JsonElement> JsonAsync(string input, params string[] words) =>
        JsonElement.Parse(await OkAsync(input, [.. words, "--json"]));

    public CommandLine With(string name, string value) =>
        new(new Dictionary<string, string>(environment) { [name] = value });
}

internal sealed record Ran(int Code, string Out, string Error);
