using System.Text;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>The canary sings: a planted leak is found in each form and place it looks at.</summary>
public sealed class CanaryTests
{
    private const string Secret = "sbx_rt_planted-0123456789";
    private static readonly Canary Bird = new(Secret);

    [Theory]
    [InlineData("x")]
    [InlineData("xy")]
    [InlineData("xyz")]
    public void It_finds_base64_at_any_alignment(string before) =>
        Assert.True(Bird.Finds("token: " + Convert.ToBase64String(Encoding.UTF8.GetBytes(before + Secret + "after"))));

    [Fact]
    public void It_finds_the_plain_and_the_escaped_forms()
    {
        Assert.True(Bird.Finds("{\"token\":\"" + Secret + "\"}"));
        Assert.True(Bird.Finds("\\u0073\\u0062\\u0078" + string.Concat(Secret.Skip(3).Select(c => $"\\u{(int)c:x4}"))));
        Assert.True(new Canary("a b&c=0123456789").Finds("?x=a%20b%26c%3D0123456789"));
        Assert.False(Bird.Finds("sbx_rt_another"));
    }

    [Fact]
    public async Task It_finds_a_leak_in_a_file_and_in_a_table()
    {
        var folder = Directory.CreateTempSubdirectory("vault-canary-").FullName;
        File.WriteAllText(Path.Combine(folder, "leak.log"), "oops " + Secret);
        Assert.Equal(["file leak.log"], Bird.InFiles(folder));
        Directory.Delete(folder, recursive: true);

        var database = await TestDatabase.CreateAsync();
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var plant = new Npgsql.NpgsqlCommand(
            "create schema vault; create table vault.a (x text); create table vault.b (y bytea)",
            connection
        );
        await plant.ExecuteNonQueryAsync();
        await using var text = new Npgsql.NpgsqlCommand("insert into vault.a values ($1)", connection)
        {
            Parameters = { new() { Value = Secret } },
        };
        await text.ExecuteNonQueryAsync();
        await using var bytes = new Npgsql.NpgsqlCommand("insert into vault.b values ($1)", connection)
        {
            Parameters = { new() { Value = Encoding.UTF8.GetBytes(Secret) } },
        };
        await bytes.ExecuteNonQueryAsync();
        Assert.Equal(["table vault.a", "table vault.b"], (await Bird.InDatabaseAsync(database)).Order());
    }
}
