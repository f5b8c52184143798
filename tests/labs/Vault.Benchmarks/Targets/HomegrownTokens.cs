using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Vault.Benchmarks.Targets;

/// <summary>
/// Tokens in one PostgreSQL table: a row read per call, and an advisory lock around the refresh when the token has
/// expired.
/// </summary>
internal sealed class HomegrownTokens(NpgsqlDataSource source, TokenCipher cipher, HttpClient http, string upstream)
{
    public const string Table = """
        create table account (
            organization text not null, user_id text not null, connection text not null,
            access_token bytea not null, refresh_token bytea, expires_at timestamptz not null,
            primary key (organization, user_id, connection))
        """;

    private const string Find =
        "select access_token, refresh_token, expires_at from account where organization = $1 and user_id = $2 and connection = $3";

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);

    /// <summary>A token that lives; null when there is no such account.</summary>
    public async Task<string?> TakeAsync(
        string organization,
        string user,
        string connection,
        CancellationToken cancellationToken
    )
    {
        var row = await FindAsync(null, organization, user, connection, cancellationToken);
        if (row is not { } found)
            return null;
        if (found.ExpiresAt - DateTime.UtcNow > Margin)
            return cipher.Open(found.Access);
        return await RefreshAsync(organization, user, connection, cancellationToken);
    }

    private async Task<string?> RefreshAsync(
        string organization,
        string user,
        string connection,
        CancellationToken cancellationToken
    )
    {
        await using var database = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await database.BeginTransactionAsync(cancellationToken);
        await using (
            var take = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended($1, 0))", database)
            {
                Parameters = { new() { Value = $"{organization}/{user}/{connection}" } },
            }
        )
            await take.ExecuteNonQueryAsync(cancellationToken);

        // Somebody else may have refreshed while we waited for the lock.
        if (await FindAsync(database, organization, user, connection, cancellationToken) is not { } row)
            return null;
        if (row.ExpiresAt - DateTime.UtcNow > Margin)
            return cipher.Open(row.Access);
        using var request = new HttpRequestMessage(HttpMethod.Post, upstream + "/oauth/token")
        {
            Content = new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["grant_type"] = "refresh_token",
                    ["refresh_token"] = cipher.Open(row.Refresh),
                }
            ),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes("demo-client:demo-secret"))
        );
        using var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        using var reply = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        var access = reply.RootElement.GetProperty("access_token").GetString()!;
        var refresh = reply.RootElement.TryGetProperty("refresh_token", out var rotated)
            ? cipher.Seal(rotated.GetString()!)
            : row.Refresh;
        await using (
            var keep = new NpgsqlCommand(
                "update account set access_token = $4, refresh_token = $5, expires_at = $6 where organization = $1 and user_id = $2 and connection = $3",
                database
            )
        )
        {
            foreach (
                var value in new object[]
                {
                    organization,
                    user,
                    connection,
                    cipher.Seal(access),
                    refresh,
                    DateTime.UtcNow.AddSeconds(reply.RootElement.GetProperty("expires_in").GetInt32()),
                }
            )
                keep.Parameters.Add(new() { Value = value });
            await keep.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return access;
    }

    private async Task<Row?> FindAsync(
        NpgsqlConnection? database,
        string organization,
        string user,
        string connection,
        CancellationToken cancellationToken
    )
    {
        await using var command = database is null ? source.CreateCommand(Find) : new NpgsqlCommand(Find, database);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = organization });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = user });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = connection });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return new Row(
            reader.GetFieldValue<byte[]>(0),
            reader.IsDBNull(1) ? [] : reader.GetFieldValue<byte[]>(1),
            reader.GetDateTime(2)
        );
    }

    private readonly record struct Row(byte[] Access, byte[] Refresh, DateTime ExpiresAt);
}
