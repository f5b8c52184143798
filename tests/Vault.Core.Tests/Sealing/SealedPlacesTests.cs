using System.Reflection;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

/// <summary>
/// What an earlier version sealed opens in its place: neither the name of a place nor the encoding of the associated
/// data may change, for databases hold values sealed with them. The values below were sealed before the places were
/// functions.
/// </summary>
public sealed class SealedPlacesTests : IDisposable
{
    private const string Wrapped =
        "01978bfdedbb1dec207e238e181d8b95e06749e5789e51edb48b7c1ade0014950be04c40bfd03e532ca193f9"
        + "d8e3983ce05b2256f7742e7dc3555d749fe995c137002c0ac6761aec13";

    private static readonly AccountId Account = new("ca_01hzzzzzzzzzzzzzzzzzzzzzz1");

    private static readonly (string Value, SealContext Place, string Blob)[] Sealed =
    [
        (
            "grant",
            SealContext.Grant(Acme, Account, 5),
            "01000000017b77a9146525f3b5e3dc1bb11c057a0dbf266e24c802425a026234411511d581f103b6ce4b60c9" + "a490adfbe0d8"
        ),
        // With origins, which stand in the blob.
        (
            "bound",
            SealContext.Grant(Acme, Account, 6),
            "02000000010000002868747470733a2f2f612e6578616d706c650a68747470733a2f2f622e6578616d706c65"
                + "3a3834343374a0182990465b1740e029ab14ab853575e84abaf402a275b9d39c263de888e6ca6bc0c3cd787a"
                + "f9121de7457b"
        ),
        (
            "spooled_reply",
            SealContext.SpooledReply(Acme, Account, 5),
            "010000000174a0182990465b1740e029ab14ab853575e84abaf402a275a8cc8627352d39c070ad1c3e4431e0"
                + "e77a574e2d8acfcd4ec42a1adf1a"
        ),
        (
            "credential",
            SealContext.Credential(Acme, Account, 3),
            "01000000010e01d4c0117051311f7207f64672b7f9912e70d912d032350c5f9f4eecdff884bf743b5f49168c"
                + "3ef315f20a94b63c1960d6"
        ),
        (
            "client_secret",
            SealContext.ClientSecret(Acme, "con_01hzzzzzzzzzzzzzzzzzzzzzz2", 2),
            "0100000001a974b7465a10853c15f653aebbb78bf64bef752ad8ea7af54e4ebd552fc9728af93e3fe3cb3261"
                + "b7eed3e1f9f77fd24f474d270d02"
        ),
        (
            "code_verifier",
            SealContext.CodeVerifier(Acme, "lnk_01hzzzzzzzzzzzzzzzzzzzzzz3"),
            "0100000001ae3cd0ff25e69d18628b3c4431d8fcd2537725285e8244288d593fd3f21fef4c0929225f546766"
                + "3185fe22027b4d8a853d47195f20"
        ),
        (
            "output",
            SealContext.Output(Acme, "exe_01hzzzzzzzzzzzzzzzzzzzzzz4"),
            "01000000011dd80d7fe0dc850adf5e3fdfdf4ec3b4ed923908aa306f2d839a8afc7d9c0ec69e7706a5a7df7d"
                + "b5e0ea8acf3651"
        ),
        (
            "page_token",
            SealContext.PageToken(Acme, Account),
            "0100000001efd4d1c06a12630ea2a78c9d1c100ec14f52ce64a733be02a46a5c16b7364e016b47ac8403199e"
                + "ef03d80f9ab54edc880e6c"
        ),
        (
            "approval_arguments",
            SealContext.ApprovalArguments(Acme, "apr_01hzzzzzzzzzzzzzzzzzzzzzzz"),
            "010000000174a0182990465b1740e029ab14ab853575e84abaf402a275bacc993a363e3cf35da91e35480a88"
                + "5f0530d15dd141a8a2db7be7d5bdb84c7a0eb2"
        ),
        (
            "idempotent_answer",
            SealContext.IdempotentResponse(Acme, Acme.Value + "/key_1", "k%1"),
            "0100000001f02c16227e45a29536c723fbd55d16de1b478b42e048ff9975fa6ff99f7ced658a6bdf34ae4496"
                + "f00c547c602768614c37694d5aeb094c35ed"
        ),
    ];

    private readonly SealingBench _bench = new();

    [Fact]
    public async Task What_an_earlier_version_sealed_opens_in_its_place_and_in_no_other()
    {
        var then = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        _bench.Keys.Tamper(
            new OrganizationKeyRow(
                Acme,
                1,
                OrganizationKeyStatus.Active,
                Convert.FromHexString(Wrapped),
                _bench.Wrapper.MasterKeyId,
                then,
                then,
                1
            )
        );
        foreach (var (value, place, hex) in Sealed)
        {
            var blob = new SealedBlob(1, Convert.FromHexString(hex));
            Assert.Equal(value, await _bench.OpenAsync(blob, place));
            foreach (var other in Sealed.Where(s => s.Value != value))
                await Assert.ThrowsAsync<DecryptionFailedException>(() => _bench.OpenAsync(blob, other.Place));
        }
    }

    [Fact]
    public void Every_place_has_a_value_above_and_there_is_no_other_way_to_make_one()
    {
        var functions = typeof(SealContext)
            .GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(m => m.ReturnType == typeof(SealContext));
        Assert.Equal(functions.Count(), Sealed.Select(s => s.Place.Field).Distinct().Count());
        Assert.All(
            typeof(SealContext).GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic),
            c => Assert.True(c.IsPrivate)
        );
        Assert.All(typeof(SealContext).GetProperties(), p => Assert.Null(p.SetMethod));
    }

    public void Dispose() => _bench.Dispose();
}
