using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Client;
using Vault.Core.Catalogue;
using Vault.Import;
using Vault.Providers.Packs;

namespace Vault.Cli.Commands;

/// <summary>
/// Imports tools into a running vault, or with <c>--to</c> into a folder of packs. Without <c>--review</c> or
/// <c>--yes</c> it only shows the plan.
/// </summary>
internal static class ToolImportCommand
{
    public static Command Make(CliConsole console)
    {
        var file = new Argument<string>("document")
        {
            Description =
                "OpenAPI 3, Swagger 2 (JSON or YAML), Google Discovery, or a GraphQL schema; - for standard input.",
        };
        var provider = new Option<string>("--provider")
        {
            Description = "An existing provider, or the id of a new one.",
            Required = true,
        };
        var set = new Option<string>("--set")
        {
            Description = "The set's name; importing again under the same name replaces it.",
            DefaultValueFactory = _ => "imported",
        };
        var operations = new Option<string?>("--operations")
        {
            Description = "With a GraphQL schema: the file with your named operations.",
            HelpName = "FILE",
        };
        var endpoint = new Option<string>("--endpoint")
        {
            Description = "With a GraphQL schema: the path to which its operations are sent.",
            DefaultValueFactory = _ => "/graphql",
        };
        var tags = new Option<string[]>("--tag")
        {
            Description = "Only operations with this tag; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
        };
        var paths = new Option<string[]>("--path")
        {
            Description = "Only paths that begin with this; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
        };
        var deprecated = new Option<bool>("--deprecated") { Description = "Also include deprecated operations." };
        var review = new Option<string?>("--review")
        {
            Description = "Store exactly what an earlier run showed, by the digest it printed.",
        };
        var yes = new Option<bool>("--yes") { Description = "Store it without a review." };
        var to = new Option<string?>("--to")
        {
            Description = "Write into this folder of packs (VAULT_PACKS) instead of sending it to a vault.",
            HelpName = "FOLDER",
        };
        var command = new Command(
            "import",
            """
            Create tools from a provider's API description. Without --review or --yes nothing is stored: the command
            shows what would be added, what is skipped, and why.

            Examples:
              vaultctl tools import openapi.json --provider acme
              vaultctl tools import openapi.json --provider acme --tag orders --review 3f1c…
              vaultctl tools import schema.graphql --operations mine.graphql --provider acme
              vaultctl tools import openapi.yaml --provider acme --to ./packs --yes
            """
        )
        {
            file,
            provider,
            set,
            operations,
            endpoint,
            tags,
            paths,
            deprecated,
            review,
            yes,
            to,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                var document = await Inputs.BytesAsync(
                    console,
                    parsed.GetRequiredValue(file),
                    ImportRequest.MaxDocument,
                    stop
                );
                if (parsed.GetValue(operations) is { } own)
                    document = Envelope(
                        document,
                        await Inputs.TextAsync(console, own, stop),
                        parsed.GetRequiredValue(endpoint)
                    );
                var request = new ImportRequest
                {
                    Provider = parsed.GetRequiredValue(provider),
                    Set = parsed.GetRequiredValue(set),
                    Tags = [.. parsed.GetValue(tags) ?? []],
                    Paths = [.. parsed.GetValue(paths) ?? []],
                    Deprecated = parsed.GetValue(deprecated),
                };
                return parsed.GetValue(to) is { } folder
                    ? await ToFolderAsync(
                        console,
                        parsed,
                        request,
                        document,
                        folder,
                        parsed.GetValue(review),
                        parsed.GetValue(yes),
                        stop
                    )
                    : await ToVaultAsync(
                        console,
                        parsed,
                        request,
                        document,
                        parsed.GetValue(review),
                        parsed.GetValue(yes),
                        stop
                    );
            }
        );
        return command;
    }

    private static async Task<int> ToVaultAsync(
        CliConsole console,
        ParseResult parsed,
        ImportRequest request,
        byte[] document,
        string? review,
        bool yes,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var body = new RawBody(document, ToolImport.IsJson(document) ? "application/json" : "application/yaml");
        string Path(string? digest) =>
            GlobalOptions.Query(
                "/v1/tools:import",
                ("provider", request.Provider),
                ("set", request.Set),
                ("tags", Joined(request.Tags)),
                ("paths", Joined(request.Paths)),
                ("deprecated", request.Deprecated ? "true" : null),
                ("review", digest)
            );
        var answer = await vault.CallAsync(HttpMethod.Post, Path(review), body, cancellationToken);
        if (review is null && yes)
            answer = await vault.CallAsync(HttpMethod.Post, Path(answer.Cell("review")), body, cancellationToken);
        if (parsed.WantsJson())
            console.Json(answer);
        else
            ImportReport.Write(console, answer);
        return VaultCommand.Done;
    }

    private static async Task<int> ToFolderAsync(
        CliConsole console,
        ParseResult parsed,
        ImportRequest request,
        byte[] document,
        string folder,
        string? review,
        bool yes,
        CancellationToken cancellationToken
    )
    {
        if (!Directory.Exists(folder))
            throw new CliException($"there is no folder '{folder}'", VaultCommand.Usage);
        using var packs = new PackCatalogue(new PackReader(), new PackOptions { Folder = folder, Development = true });
        // A pack that fails to load still exists: treating it as missing would overwrite its file.
        if (await packs.LoadAsync(cancellationToken) is [var refused, ..])
            throw new CliException(
                $"the folder has an invalid pack; vaultctl packs validate {refused.Source} shows why"
            );
        var place = Path.Combine(folder, ToolSetFile(request));
        var watch = Stopwatch.StartNew();
        var plan = new ToolImport(packs).Plan(
            request,
            document,
            File.Exists(place) ? await File.ReadAllTextAsync(place, cancellationToken) : null
        );
        var elapsed = watch.Elapsed;
        if (plan.Error is { } error)
        {
            await console.Error.WriteLineAsync($"vaultctl: {error.Code.Code}: {error.Detail}");
            foreach (var violation in error.Violations)
                await console.Error.WriteLineAsync($"  {violation.Path}: {violation.Message}");
            return VaultCommand.Failed;
        }

        if (review is not null && review != plan.Value.Digest)
            throw new CliException(
                "the result differs from what was reviewed: the document, the options or the folder have changed; "
                    + "run it again without --review"
            );
        var apply = yes || review is not null;
        if (apply && plan.Value.NewPack is { } pack)
            await File.WriteAllBytesAsync(
                Path.Combine(folder, request.Provider + ".json"),
                Indented(pack),
                cancellationToken
            );
        if (apply)
            await File.WriteAllBytesAsync(place, plan.Value.Set, cancellationToken);
        if (parsed.WantsJson())
            console.Json(ImportReport.Of(plan.Value, apply));
        else
            ImportReport.Write(console, ImportReport.Of(plan.Value, apply));
        await console.Error.WriteLineAsync(
            $"{(apply ? "written to " + place : "nothing written")}; {elapsed.TotalSeconds:0.0} s, peak "
                + $"{Process.GetCurrentProcess().PeakWorkingSet64 / (1024 * 1024)} MB"
        );
        return VaultCommand.Done;
    }

    private static string ToolSetFile(ImportRequest request) => $"{request.Provider}+{request.Set}.json";

    private static string? Joined(IReadOnlyCollection<string> list) => list.Count == 0 ? null : string.Join(',', list);

    private static byte[] Indented(byte[] json) =>
        JsonSerializer.SerializeToUtf8Bytes(JsonNode.Parse(json), CliConsole.Indented);

    /// <summary>
    /// Combines a schema and its operations in one document. The schema is SDL or the JSON of an introspection.
    /// </summary>
    private static byte[] Envelope(byte[] schema, string operations, string endpoint)
    {
        var text = System.Text.Encoding.UTF8.GetString(schema).TrimStart('\uFEFF');
        var given = text.TrimStart().StartsWith('{') ? (object)Problems.Parse(text, "the schema") : text;
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                schema = given,
                operations,
                endpoint,
            }
        );
    }
}
