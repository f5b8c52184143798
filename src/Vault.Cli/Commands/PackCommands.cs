using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Vault.Client;
using Vault.Providers.Packs;

namespace Vault.Cli.Commands;

internal static class PackCommands
{
    public static Command Make(CliConsole console) =>
        new(
            "packs",
            "Provider packs: files that describe how to call a provider.\n\nExamples:\n  vaultctl packs new acme "
                + "--base-url https://api.acme.example.com --auth api_key\n  vaultctl packs validate acme.json\n  "
                + "vaultctl packs lab acme.json\n  vaultctl packs add acme.json"
        )
        {
            New(console),
            Validate(console),
            Lab(console),
            Diff(console),
            Add(console),
        };

    private static Command New(CliConsole console)
    {
        var id = new Argument<string>("id") { Description = "The provider's id: a-z, 0-9 and '_'." };
        var url = new Option<string>("--base-url")
        {
            Description = "The base URL of its API, without a trailing slash.",
            Required = true,
        };
        var auth = new Option<string>("--auth")
        {
            Description = "How accounts authenticate.",
            DefaultValueFactory = _ => "oauth",
        };
        auth.AcceptOnlyFromAmong("oauth", "api_key", "basic", "client_credentials");
        var output = new Option<string?>("--out")
        {
            Description = "The file to write; default: ID.json; - for standard output.",
            HelpName = "FILE",
        };
        var command = new Command("new", "Write a pack to fill in; it is valid without changes.")
        {
            id,
            url,
            auth,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (text, faults) = PackTemplate.Make(
                    parsed.GetRequiredValue(id),
                    parsed.GetRequiredValue(url),
                    parsed.GetRequiredValue(auth)
                );
                if (faults.Length > 0)
                    throw new CliException(
                        string.Join('\n', faults.Select(f => $"{f.Path} {f.Message}")),
                        VaultCommand.Usage
                    );
                var place = parsed.GetValue(output) ?? parsed.GetRequiredValue(id) + ".json";
                if (place == "-")
                {
                    await console.Out.WriteAsync(text);
                    return VaultCommand.Done;
                }

                if (File.Exists(place))
                    throw new CliException($"'{place}' already exists; remove it or give --out", VaultCommand.Failed);
                await File.WriteAllTextAsync(place, text, cancellationToken);
                await console.Out.WriteLineAsync(place);
                await console.Error.WriteLineAsync(
                    $"fill it in, then: vaultctl packs validate {place} && vaultctl packs lab {place}"
                );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Validate(CliConsole console)
    {
        var files = new Argument<string[]>("files")
        {
            Description = "Packs and tool sets.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command(
            "validate",
            "Check packs and tool sets as a host would; reports every fault with file, line and reason."
        )
        {
            files,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var results = await PackCheck.RunAsync(console, parsed.GetRequiredValue(files), cancellationToken);
                if (parsed.WantsJson())
                    console.Json(
                        results.Select(r => new
                        {
                            file = r.File,
                            valid = r.IsValid,
                            id = r.Id,
                            extends = r.Extends,
                            tools = r.Tools,
                            faults = r.Faults.Select(f => new { path = f.Path, message = f.Message }),
                        })
                    );
                else
                {
                    foreach (var r in results)
                    {
                        if (r.IsValid)
                            await console.Out.WriteLineAsync(
                                r.Extends is { } provider
                                    ? $"{r.File}: adds {r.Tools} tools to {provider} and is valid"
                                    : $"{r.File}: {r.Id} {r.Version} is valid, {r.Tools} tools"
                            );
                        foreach (var fault in r.Faults)
                            await console.Out.WriteLineAsync($"{r.File}: {fault.Path} {fault.Message}");
                    }
                }

                return results.All(r => r.IsValid) ? VaultCommand.Done : VaultCommand.Failed;
            }
        );
        return command;
    }

    /// <summary>Starts the lab as a separate program: its emulators are not shipped with the CLI.</summary>
    private static Command Lab(CliConsole console)
    {
        var what = new Argument<string>("pack")
        {
            Description = "A file, the id of a shipped pack, or --all after --.",
        };
        var command = new Command(
            "lab",
            "Run a pack against an emulator made from it: consent, refresh, lost responses, every error rule, "
                + "revocation. Requires a clone of the repository."
        )
        {
            what,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var script = Clone()
                    ?? throw new CliException(
                        "the lab is part of the source tree; run it from a clone: ./scripts/lab my-pack.json"
                    );
                var given = parsed.GetRequiredValue(what);
                using var lab = Process.Start(
                    new ProcessStartInfo(script, [File.Exists(given) ? Path.GetFullPath(given) : given])
                    {
                        RedirectStandardOutput = true,
                        RedirectStandardError = true,
                    }
                )!;
                var errors = lab.StandardError.ReadToEndAsync(cancellationToken);
                var answer = await lab.StandardOutput.ReadToEndAsync(cancellationToken);
                await lab.WaitForExitAsync(cancellationToken);
                if (parsed.WantsJson())
                    console.Json(
                        new
                        {
                            pack = given,
                            proven = lab.ExitCode == 0,
                            report = answer,
                        }
                    );
                else
                    await console.Out.WriteAsync(answer);
                await console.Error.WriteAsync(await errors);
                return lab.ExitCode;
            }
        );
        return command;
    }

    private static Command Add(CliConsole console)
    {
        var file = new Argument<string>("file") { Description = "The pack." };
        var command = new Command("add", "Upload a pack to a running vault; it replaces a pack with the same id.")
        {
            file,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var kept = await vault.CallAsync(
                    HttpMethod.Post,
                    "/v1/providers",
                    new RawBody(
                        await Inputs.BytesAsync(
                            console,
                            parsed.GetRequiredValue(file),
                            PackReader.MaxBytes,
                            cancellationToken
                        )
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(kept);
                else
                    await console.Out.WriteLineAsync(
                        $"{kept.Cell("id")} {kept.Cell("version")}: {kept.GetProperty("tools").GetArrayLength()} tools"
                            + (
                                kept.TryGetProperty("pending", out var waits) && waits.ValueKind != JsonValueKind.Null
                                    ? "; it leads to other addresses and waits: vaultctl providers accept-origins "
                                        + kept.Cell("id")
                                    : ""
                            )
                    );
                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static Command Diff(CliConsole console)
    {
        var file = new Argument<string>("file") { Description = "The pack." };
        var command = new Command(
            "diff",
            "Show, tool by tool, what would change if a pack replaced the one of a running vault; stores nothing."
        )
        {
            file,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var diff = await vault.CallAsync(
                    HttpMethod.Post,
                    "/v1/providers:diff",
                    new RawBody(
                        await Inputs.BytesAsync(
                            console,
                            parsed.GetRequiredValue(file),
                            PackReader.MaxBytes,
                            cancellationToken
                        )
                    ),
                    cancellationToken
                );
                if (parsed.WantsJson())
                    console.Json(diff);
                else
                {
                    foreach (var tool in diff.GetProperty("tools").EnumerateArray())
                    {
                        var breaks = tool.GetProperty("breaking").GetBoolean()
                            ? tool.GetProperty("same_version").GetBoolean()
                                ? ", breaks calls under the same version"
                                : ", breaks calls"
                            : "";
                        await console.Out.WriteLineAsync(
                            $"{tool.Cell("name")}: {tool.Cell("kind")} ({tool.Cell("from_version")} to "
                                + $"{tool.Cell("to_version")}){breaks}"
                        );
                        foreach (var detail in tool.GetProperty("details").EnumerateArray())
                            await console.Out.WriteLineAsync("  " + detail.GetString());
                    }

                    foreach (
                        var (member, label) in new[] { ("hosts_added", "new host"), ("hosts_removed", "removed host") }
                    )
                    foreach (var host in diff.GetProperty(member).EnumerateArray())
                        await console.Out.WriteLineAsync($"{label}: {host.GetString()}");
                }

                return VaultCommand.Done;
            }
        );
        return command;
    }

    private static string? Clone()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (
                File.Exists(Path.Combine(folder.FullName, "Vault.Orleans.sln"))
                && Path.Combine(folder.FullName, "scripts", "lab") is var script
                && File.Exists(script)
            )
                return script;
        }

        return null;
    }
}
