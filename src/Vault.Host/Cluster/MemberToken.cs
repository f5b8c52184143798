namespace Vault.Host.Cluster;

/// <summary>The secret shared by the silos of one database. Not a record, so that ToString does not print it.</summary>
internal sealed class MemberToken(string text)
{
    public string Value => text;
}
