namespace Vault.Host.Cluster;

/// <summary>What every silo of the database knows and nobody else. No record, so that nothing prints it.</summary>
internal sealed class MemberToken(string text)
{
    public string Value => text;
}
