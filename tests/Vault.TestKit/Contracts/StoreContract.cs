using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

/// <summary>
/// The base of all contract suites: an empty store and rows for it. An implementation inherits the suites and
/// implements <see cref="OpenAsync"/>.
/// </summary>
public abstract class StoreContract : IAsyncLifetime
{
    /// <summary>The number of concurrent writers of which only one may win.</summary>
    protected const int Rivals = 32;

    protected StorePorts Store { get; private set; } = null!;

    protected StoreRows Make { get; } = new();

    /// <summary>Opens an empty store.</summary>
    protected abstract Task<StorePorts> OpenAsync();

    public async Task InitializeAsync() => Store = await OpenAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    protected async Task<OrganizationRow> OrganizationAsync()
    {
        var row = Make.Organization();
        Assert.Equal(WriteOutcome.Written, await Store.Organizations.InsertAsync(row, [], default));
        return row;
    }

    /// <summary>Closes or opens the gate like the organization's lifecycle: with a new epoch each time.</summary>
    protected async Task<OrganizationRow> SwitchAsync(OrganizationRow row, bool open)
    {
        var next = row with
        {
            State = row.State with
            {
                Gate = new Gate(open, row.State.Gate.Epoch + 1),
                Status = open ? OrganizationStatus.Active : OrganizationStatus.Suspended,
            },
        };
        Assert.Equal(WriteOutcome.Written, await Store.Organizations.UpdateAsync(next, row.Version, [], default));
        return next with { Version = row.Version + 1 };
    }

    protected async Task<AccountRow> AccountAsync(OrganizationId organization)
    {
        var row = Make.Account(organization);
        Assert.Equal(WriteOutcome.Written, await Store.Accounts.InsertAsync(row, GateCheck.None, [], default));
        return row;
    }

    /// <summary>Compares all members, also inside collections.</summary>
    protected static void Same<T>(T expected, T? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(JsonSerializer.Serialize(expected, Whole), JsonSerializer.Serialize(actual, Whole));
    }

    // A hash has no members to serialize: without this converter two different hashes would be equal.
    private static readonly JsonSerializerOptions Whole = new() { Converters = { new HashAsText() } };

    private sealed class HashAsText : System.Text.Json.Serialization.JsonConverter<LedgerHash>
    {
        public override LedgerHash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, LedgerHash value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    /// <summary>Starts all calls behind one barrier, so that they run concurrently in the store.</summary>
    protected static async Task<T[]> RaceAsync<T>(int count, Func<int, Task<T>> attempt)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tasks = Enumerable
            .Range(0, count)
            .Select(i =>
                Task.Run(async () =>
                {
                    await start.Task;
                    return await attempt(i);
                })
            )
            .ToArray();
        start.SetResult();
        return await Task.WhenAll(tasks);
    }

    /// <summary>
    /// Reads all pages of a list in order; <paramref name="between"/> runs after the first page.
    /// </summary>
    protected static async Task<List<T>> AllAsync<T>(Func<string?, Task<Page<T>>> page, Func<Task>? between = null)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var next = await page(cursor);
            Assert.True(next.Items.Count > 0 || next.Cursor is null);
            all.AddRange(next.Items);
            if (cursor is null && between is not null)
                await between();
            cursor = next.Cursor;
        } while (cursor is not null);
        return all;
    }
}
