using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orleans.Serialization;
using Vault.Host.Tests.Conventions;

namespace Vault.Host.Tests.Serialization;

/// <summary>
/// The grain contract of the last release, as files in <c>approved/</c>. A release renews them:
/// <c>VAULT_APPROVE=1 dotnet test tests/Vault.Host.Tests --filter FullyQualifiedName~ApprovedTests</c>
/// </summary>
internal static class Approved
{
    public const string Renew =
        "VAULT_APPROVE=1 dotnet test tests/Vault.Host.Tests --filter FullyQualifiedName~ApprovedTests";

    private static readonly string Folder = Path.Combine(
        Repository.Root,
        "tests",
        "Vault.Host.Tests",
        "Serialization",
        "approved"
    );
    private static readonly string ContractFile = Path.Combine(Folder, "contract.txt");
    private static readonly string MessagesFile = Path.Combine(Folder, "messages.json");
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static IReadOnlyList<string> Contract => File.ReadAllLines(ContractFile);

    public static IReadOnlyList<ApprovedMessage> Messages =>
        JsonSerializer.Deserialize<List<ApprovedMessage>>(File.ReadAllText(MessagesFile), Indented)!;

    /// <summary>Writes the files from this build, where the environment says so.</summary>
    public static void RenewIfAsked(Serializer serializer)
    {
        if (Environment.GetEnvironmentVariable("VAULT_APPROVE") != "1")
            return;
        File.WriteAllText(ContractFile, string.Join('\n', GrainContract.Lines()) + '\n', new UTF8Encoding(false));
        var messages = GrainMessages.All.Select(m => new ApprovedMessage(
            m.Name,
            GrainMessages.Read(m.Body),
            serializer.SerializeToArray(m.Body)
        ));
        File.WriteAllText(MessagesFile, JsonSerializer.Serialize(messages, Indented) + '\n', new UTF8Encoding(false));
    }
}

/// <param name="Content">What the receiver gets to see of it.</param>
/// <param name="Bytes">As they were between two silos of the last release.</param>
internal sealed record ApprovedMessage(string Name, JsonNode Content, byte[] Bytes);
