using System.Security.Cryptography;
using System.Text;
using Vault.Storage.Schema;

namespace Vault.Storage.Tests.Sql;

/// <summary>
/// A database out there has run these steps and will not run them again: whoever needs another schema writes another
/// step.
/// </summary>
public sealed class ReleasedStepsTests
{
    [Theory]
    [InlineData("postgres", 1, "0cfcf84f771c1face55a573cc0ead28dfacebb72eefe3048dee0d54a121b7dc3")]
    [InlineData("postgres", 2, "a33adc9e9e4f7020d5f4f6377e337f4e5a021715411688c47f4dd5378eb32788")]
    [InlineData("postgres", 3, "74bad0152ecab06817e0b2d571b5fb04ade37175f1ed7aba3c539aea14d54eb9")]
    [InlineData("postgres", 4, "bf6c113a125c76521606e892d7e8be1682411168fd2c2a09498c8c9faba85d93")]
    [InlineData("postgres", 5, "1401a92b3e45b554368d801aa0853c0af530cab6b55725a1a4f0854743cda3d1")]
    [InlineData("postgres", 6, "df692857c2ee49a74333113e9feb66c63e125d06b9bfb65d07ce3b83b64038fc")]
    [InlineData("postgres", 7, "994d037fff6d038ce213f322d510bdc7866068e99fde2c55b0aa4bfef0f55eb2")]
    [InlineData("postgres", 8, "3b2f183e0633d7f6268e1db72f84e9594ecee71ed2dfe900561e4804105aa0f3")]
    [InlineData("postgres", 9, "5e0b4c35fd87e5a998f07b2db90a8a632f9bec7e077c28c682b80df043d56785")]
    [InlineData("postgres", 10, "62246c75438ebfe5ca0145bd02423a6581aec53c130fec33e019888e60184c80")]
    [InlineData("postgres", 11, "edfe3d6a253c24aa6221dc5a791e999960d554d23ec0c0b1a65ef0188a72e49e")]
    [InlineData("postgres", 12, "0fc7de82d492037587d09537bbb00e6a289e5d8f64ac3d284b31af5e80b77a09")]
    [InlineData("postgres", 13, "ee2c297ce2895a62b7d37f3cd88a02de6959e0b0f163fed3d02d00323c12fcda")]
    [InlineData("postgres", 14, "a808b9f66ab339a968d0721c3b10f7554dff425770d23a2705c1b577308e742f")]
    [InlineData("sqlite", 4, "50ae25124cdc04877e15ff60599a1b629b4235fcb9f90d05bc66fc7591aeb4d6")]
    [InlineData("sqlite", 2, "4a207fd644a7837ff24069b9255c81002c6a14a85acaab0e9e828da409c7ae47")]
    [InlineData("sqlite", 1, "11136804d6f16113395f064df07c4b6e1631929ed6044599e6770404263f2fe3")]
    [InlineData("sqlite", 3, "27cbb8f6849372cec852fa0ff1665ce42ac0cbbcd3ff7f86a473a67f202d643f")]
    [InlineData("sqlite", 5, "7a125b82bad667b5273053812d20efb3b174c20a06c85ba7b3d1f23b3b2942f8")]
    [InlineData("sqlite", 6, "94efa82f23ccf605cf0b80a35d12b7315e7dece491edac428d2f6bda41156106")]
    [InlineData("sqlite", 7, "762bb5347f6bf5ab37e0e69b3703a164d55cc8dd17301c7cd01b7a8228d19386")]
    [InlineData("sqlite", 8, "b5c193d70a2b71ccb44a996cbe603710b6badb455547c5fbfedfae3881c5aa5f")]
    [InlineData("sqlite", 9, "a5637e5f4b35fbf9ccf0fd816ff8a34fd5dd5e5753aeb09b8e763adf6f2a5355")]
    public void A_released_step_never_changes(string dialect, int version, string sha256)
    {
        var step = Migrations.Of(dialect).Single(m => m.Version == version);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(step.Sql))));
    }

    [Fact]
    public void Every_step_is_held_by_its_digest()
    {
        var held = typeof(ReleasedStepsTests)
            .GetMethod(nameof(A_released_step_never_changes))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false)
            .Length;
        Assert.Equal(held, Migrations.Of("postgres").Count + Migrations.Of("sqlite").Count);
    }
}
