using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Runtime;
using Vault.Host.Grains;
using Vault.Host.Routing;
using Vault.Host.Tests.Conventions;

namespace Vault.Host.Tests.Routing;

/// <summary>The predicates over Orleans' exceptions, against the Orleans that is installed.</summary>
public sealed partial class OrleansErrorsTests
{
    private static readonly string[] Libraries = ["Orleans.Core.dll", "Orleans.Runtime.dll"];

    [Fact]
    public void The_predicates_were_verified_against_the_version_that_is_used()
    {
        var versions = XDocument
            .Parse(Repository.Read("Directory.Packages.props"))
            .Descendants("PackageVersion")
            .Where(p => p.Attribute("Include")!.Value is "Microsoft.Orleans.Sdk" or "Microsoft.Orleans.Server")
            .Select(p => p.Attribute("Version")!.Value)
            .ToList();
        Assert.Equal(2, versions.Count);
        Assert.All(versions, version =>
            Assert.True(
                version == OrleansErrors.VerifiedVersion,
                $"Orleans is {version} now. Read where it throws SiloUnavailableException, ArgumentException and "
                    + $"OrleansException, verify each predicate of {nameof(OrleansErrors)} against it, "
                    + $"then set {nameof(OrleansErrors.VerifiedVersion)}."
            )
        );
    }

    [Fact]
    public void A_message_that_was_not_sent_differs_from_one_that_was_out()
    {
        Assert.True(OrleansErrors.IsNotSent(new SiloUnavailableException()));
        var afterSend = Texts()
            .Where(t => t.StartsWith("The target silo became unavailable", StringComparison.Ordinal));
        Assert.NotEmpty(afterSend);
        Assert.All(afterSend, text => Assert.False(OrleansErrors.IsNotSent(new SiloUnavailableException(text))));
    }

    [Fact]
    public async Task A_grain_that_no_silo_implements_fails_at_the_lookup()
    {
        using var client = new HostBuilder().UseOrleansClient(c => c.UseLocalhostClustering()).Build();
        var called = await GrainCalls.OnceAsync(() =>
            Task.FromResult(client.Services.GetRequiredService<IGrainFactory>().GetGrain<IUnimplementedGrain>("a"))
        );
        Assert.Equal(CallFailure.NotDelivered, called.Failure);
    }

    [Fact]
    public void The_text_for_a_grain_that_no_silo_hosts_is_in_the_installed_library() =>
        Assert.Contains(Texts(), t => t.StartsWith(OrleansErrors.NoCompatibleSilo, StringComparison.Ordinal));

    [Fact]
    public void No_other_file_decides_by_the_text_or_the_origin_of_an_exception()
    {
        var decisions =
            from file in Repository.Sources("src")
            where Path.GetFileName(file) != "OrleansErrors.cs"
            from line in Repository.Read(file).Split('\n')
            where Decision().IsMatch(line)
            select $"{file}: {line.Trim()}";
        Assert.Equal([], decisions);
    }

    [GeneratedRegex(
        @"\.Message\.(Contains|StartsWith|EndsWith|IndexOf|Equals)\(|\.Message (==|!=|is) |\be\.Source (==|is) "
    )]
    private static partial Regex Decision();

    // The string literals of Orleans, from the metadata of its assemblies.
    private static List<string> Texts()
    {
        var texts = new List<string>();
        foreach (var library in Libraries)
        {
            using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, library)));
            var metadata = file.GetMetadataReader();
            for (var at = MetadataTokens.UserStringHandle(1); !at.IsNil; at = metadata.GetNextHandle(at))
                texts.Add(metadata.GetUserString(at));
        }

        return texts;
    }

    /// <summary>Known to the client, and implemented by no silo.</summary>
    internal interface IUnimplementedGrain : IGrainWithStringKey;
}
