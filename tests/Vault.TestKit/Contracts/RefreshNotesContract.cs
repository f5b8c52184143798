using Vault.Core.Accounts;

namespace Vault.TestKit.Contracts;

/// <summary>What the hosts share about refreshes.</summary>
public abstract class RefreshNotesContract : StoreContract
{
    private RefreshNote Note(string subject, string detail = "", string value = "1", int minutes = 0) =>
        new("kind", subject, detail, value, Make.Now.AddMinutes(minutes));

    [Fact]
    public async Task A_note_replaces_the_former_one_of_its_subject_and_detail_only()
    {
        await Store.RefreshNotes.PutAsync(Note("a"), default);
        await Store.RefreshNotes.PutAsync(Note("a", "x"), default);
        await Store.RefreshNotes.PutAsync(Note("b"), default);
        await Store.RefreshNotes.PutAsync(Note("b") with { Kind = "another" }, default);
        await Store.RefreshNotes.PutAsync(Note("a", value: "2", minutes: 1), default);
        Assert.Equal(
            [Note("a", value: "2", minutes: 1), Note("a", "x"), Note("b")],
            await Store.RefreshNotes.ListAsync("kind", null, default)
        );
        Assert.Equal([Note("b")], await Store.RefreshNotes.ListAsync("kind", "b", default));
        Assert.Equal(2, await Store.RefreshNotes.RemoveAsync("kind", "a", default));
        Assert.Equal(0, await Store.RefreshNotes.RemoveAsync("kind", "a", default));
        Assert.Single(await Store.RefreshNotes.ListAsync("another", null, default));
    }

    [Fact]
    public async Task A_turn_is_taken_by_one_and_by_the_next_when_it_is_over()
    {
        var turns = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(i =>
                    Task.Run(() => Store.RefreshNotes.TryTakeAsync(Note("turn", "", "h" + i, 5), Make.Now, default))
                )
        );
        Assert.Single(turns, true);
        var held = Assert.Single(await Store.RefreshNotes.ListAsync("kind", "turn", default));
        Assert.Equal("h" + Array.IndexOf(turns, true), held.Value);
        Assert.False(
            await Store.RefreshNotes.TryTakeAsync(held with { Value = "late" }, Make.Now.AddMinutes(4), default)
        );
        Assert.True(
            await Store.RefreshNotes.TryTakeAsync(Note("turn", "", "next", 10), Make.Now.AddMinutes(5), default)
        );
    }
}
