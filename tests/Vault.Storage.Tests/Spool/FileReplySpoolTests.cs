using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Accounts;
using Vault.Storage.Spool;
using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Spool;

public sealed class FileReplySpoolTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vault-spool-");
    private readonly StoreRows _make = new();

    private string Folder => Path.Combine(_root.FullName, "spool");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_reply_outlives_the_process()
    {
        var (one, two) = (Reply("a-1"), Reply("a-2") with { Details = null });
        using (var spool = FileReplySpool.Open(Folder))
        {
            Assert.True(await spool.PutAsync(one, default));
            Assert.True(await spool.PutAsync(two, default));
            Assert.True(await spool.PutAsync(two, default));
        }

        using var again = FileReplySpool.Open(Folder);
        var listed = await again.ListAsync(10, default);
        Assert.Equal(["a-1", "a-2"], listed.Select(r => r.AttemptId).Order());
        var read = listed.Single(r => r.AttemptId == "a-1");
        Assert.Equal(
            (one.Key, one.Account, one.Generation, one.SpooledAt),
            (read.Key, read.Account, read.Generation, read.SpooledAt)
        );
        Assert.Equal(
            (one.Details!.KeyVersion, Convert.ToHexString(one.Details.Bytes.Span)),
            (read.Details!.KeyVersion, Convert.ToHexString(read.Details.Bytes.Span))
        );
        Assert.Equal(
            (one.Grant.KeyVersion, Convert.ToHexString(one.Grant.Bytes.Span)),
            (read.Grant.KeyVersion, Convert.ToHexString(read.Grant.Bytes.Span))
        );
        Assert.Single(await again.ListAsync(1, default));

        await again.RemoveAsync(one.Key, "a-1", default);
        await again.RemoveAsync(one.Key, "a-1", default);
        Assert.Equal("a-2", Assert.Single(await again.ListAsync(10, default)).AttemptId);
    }

    [Fact]
    public async Task A_full_spool_refuses_and_takes_again_after_a_removal()
    {
        using (var spool = FileReplySpool.Open(Folder, new SpoolLimits(MaxReplies: 2)))
        {
            var first = Reply("1");
            Assert.True(await spool.PutAsync(first, default));
            Assert.True(await spool.PutAsync(Reply("2"), default));
            Assert.False(await spool.PutAsync(Reply("3"), default));
            Assert.True(await spool.PutAsync(first, default));
            await spool.RemoveAsync(first.Key, "1", default);
            Assert.True(await spool.PutAsync(Reply("3"), default));
        }

        // What lies there counts after a restart too.
        using var small = FileReplySpool.Open(Folder, new SpoolLimits(MaxBytes: 3000));
        Assert.False(await small.PutAsync(Reply("4", 2000), default));
        Assert.Equal(2, (await small.ListAsync(10, default)).Count);
    }

    [Fact]
    public async Task A_disk_that_refuses_is_an_answer_not_an_exception()
    {
        using var spool = FileReplySpool.Open(Folder);
        Assert.True(await spool.PutAsync(Reply("1"), default));
        Directory.Delete(Folder, recursive: true);
        File.WriteAllText(Folder, "no folder any more");
        Assert.False(await spool.PutAsync(Reply("2"), default));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("flip")]
    [InlineData("empty")]
    [InlineData("moved")]
    public async Task A_file_that_cannot_be_read_is_set_aside_and_the_others_are_served(string harm)
    {
        using var spool = FileReplySpool.Open(Folder);
        await spool.PutAsync(Reply("harmed"), default);
        var file = Directory.GetFiles(Folder).Single();
        var bytes = await File.ReadAllBytesAsync(file);
        switch (harm)
        {
            case "cut":
                await File.WriteAllBytesAsync(file, bytes[..^10]);
                break;
            case "flip":
                bytes[^20] ^= 1;
                await File.WriteAllBytesAsync(file, bytes);
                break;
            case "empty":
                await File.WriteAllBytesAsync(file, []);
                break;
            default:
                File.Move(file, Path.Combine(Folder, "0123.reply"));
                break;
        }

        await spool.PutAsync(Reply("whole"), default);
        Assert.Equal("whole", Assert.Single(await spool.ListAsync(10, default)).AttemptId);
        Assert.Single(Directory.GetFiles(Folder, "*.corrupt"));
        Assert.Single(await spool.ListAsync(10, default));
    }

    [Fact]
    public async Task A_crash_before_the_rename_leaves_nothing_behind()
    {
        using (var spool = FileReplySpool.Open(Folder))
            await spool.PutAsync(Reply("1"), default);
        await File.WriteAllTextAsync(Path.Combine(Folder, "abcd.reply.part"), "half");
        using var again = FileReplySpool.Open(Folder);
        Assert.Single(await again.ListAsync(10, default));
        Assert.Empty(Directory.GetFiles(Folder, "*.part"));
    }

    [Fact]
    public async Task Only_the_owner_may_read_it()
    {
        using var spool = FileReplySpool.Open(Folder);
        await spool.PutAsync(Reply("1"), default);
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Folder)
        );
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Directory.GetFiles(Folder).Single())
        );
    }

    [Fact]
    public void A_digest_of_the_right_length_but_wrong_content_does_not_read()
    {
        var file = SpooledReplyFile.Write(Reply("1"));
        Assert.True(SpooledReplyFile.TryRead(file, out _));
        var body = Encoding.UTF8.GetBytes("{}");
        Assert.False(SpooledReplyFile.TryRead(body, out _));
        Assert.False(
            SpooledReplyFile.TryRead([.. file.AsSpan(0, file.AsSpan().IndexOf((byte)'\n') + 1), .. body], out _)
        );
    }

    [Theory]
    [InlineData("vault-reply-1")]
    [InlineData("vault-reply-2")]
    public void A_file_of_an_earlier_version_reads_without_details(string format)
    {
        var file = SpooledReplyFile.Write(Reply("1"));
        Assert.True(SpooledReplyFile.TryRead(file, out var now));
        Assert.Equal(4u, now.Details!.KeyVersion);

        // The former formats had the facts and scopes in the clear.
        var former = JsonNode.Parse(file.AsSpan(file.AsSpan().IndexOf((byte)'\n') + 1))!.AsObject();
        Assert.True(former.Remove("Details") && former.Remove("DetailsKeyVersion"));
        former["Scopes"] = new JsonArray("a", "b");
        former["Facts"] = JsonSerializer.SerializeToNode(_make.Account(_make.Organization().Id, "user/ü").State.Grant);
        var body = Encoding.UTF8.GetBytes(former.ToJsonString());
        var header = format + " " + Convert.ToHexStringLower(SHA256.HashData(body)) + "\n";
        Assert.True(SpooledReplyFile.TryRead([.. Encoding.ASCII.GetBytes(header), .. body], out var old));
        Assert.Null(old.Details);
        Assert.Equal(now.Key, old.Key);
    }

    [Fact]
    public async Task Many_at_once_are_all_durable_and_leave_nothing_when_they_are_removed()
    {
        using var spool = FileReplySpool.Open(Folder);
        var replies = Enumerable.Range(0, 60).Select(i => Reply("a" + i)).ToList();
        Assert.All(await Task.WhenAll(replies.Select(r => Task.Run(() => spool.PutAsync(r, default)))), Assert.True);
        Assert.Equal(60, (await spool.ListAsync(100, default)).Count);
        await Task.WhenAll(replies.Select(r => Task.Run(() => spool.RemoveAsync(r.Key, r.AttemptId, default))));
        Assert.Empty(Directory.GetFiles(Folder));
    }

    private SpooledReply Reply(string attempt, int size = 200)
    {
        var row = _make.Account(_make.Organization().Id, "user/ü");
        return new SpooledReply(row.Key, row.Id, attempt, 6, _make.Blob(2, size), _make.Blob(4, 90), _make.Now);
    }
}
