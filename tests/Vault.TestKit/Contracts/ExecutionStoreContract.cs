using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

/// <summary>Idempotency keys, stored outputs, approvals and the packs of operators.</summary>
public abstract class ExecutionStoreContract : StoreContract
{
    [Fact]
    public async Task One_of_many_claims_of_a_key_wins_and_the_others_see_it()
    {
        var organization = (await OrganizationAsync()).Id;
        var race = await RaceAsync(Rivals, i =>
            Store.Idempotency.ClaimAsync(
                organization,
                Claim("scope", "k") with
                {
                    RequestDigest = "d" + i,
                },
                Make.Now,
                default
            )
        );
        Assert.Single(race, answer => answer is null);
        var winner = "d" + Array.IndexOf(race, null);
        Assert.All(race, answer =>
            Assert.True(answer is null || (answer.RequestDigest == winner && answer.Status is null))
        );
    }

    [Fact]
    public async Task A_completed_answer_is_given_back_to_its_owner_only()
    {
        var (mine, other) = ((await OrganizationAsync()).Id, (await OrganizationAsync()).Id);
        foreach (var owner in new OrganizationId?[] { mine, null })
        {
            var claim = Claim("scope", "k");
            Assert.Null(await Store.Idempotency.ClaimAsync(owner, claim, Make.Now, default));
            var answer = claim with
            {
                Status = 200,
                ContentType = "application/json",
                Body = Make.Blob(1),
                ExpiresAt = Make.Now.AddHours(2),
            };
            await Store.Idempotency.CompleteAsync(owner, answer, default);
            Same(answer, await Store.Idempotency.ClaimAsync(owner, Claim("scope", "k"), Make.Now, default));
            await Store.Idempotency.ReleaseAsync(owner, "scope", "k", default);
            Assert.NotNull(await Store.Idempotency.ClaimAsync(owner, Claim("scope", "k"), Make.Now, default));
        }

        Assert.Null(await Store.Idempotency.ClaimAsync(other, Claim("scope", "k"), Make.Now, default));
        Assert.Null(await Store.Idempotency.ClaimAsync(mine, Claim("scope2", "k"), Make.Now, default));
    }

    [Fact]
    public async Task A_released_or_expired_key_is_free_and_a_late_completion_changes_nothing()
    {
        var organization = (await OrganizationAsync()).Id;
        var first = Claim("scope", "k");
        Assert.Null(await Store.Idempotency.ClaimAsync(organization, first, Make.Now, default));
        await Store.Idempotency.ReleaseAsync(organization, "scope", "k", default);
        Assert.Null(await Store.Idempotency.ClaimAsync(organization, first, Make.Now, default));

        var later = first.ExpiresAt;
        var second = Claim("scope", "k") with { CreatedAt = later, ExpiresAt = later.AddHours(1) };
        Assert.Null(await Store.Idempotency.ClaimAsync(organization, second, later, default));
        await Store.Idempotency.CompleteAsync(organization, first with { Status = 200 }, default);
        Same(second, await Store.Idempotency.ClaimAsync(organization, second, later, default));

        Assert.Equal(0, await Store.Idempotency.DeleteExpiredAsync(later, 10, default));
        Assert.Equal(1, await Store.Idempotency.DeleteExpiredAsync(later.AddHours(2), 10, default));
    }

    [Fact]
    public async Task An_output_is_kept_for_its_organization_until_its_end()
    {
        var (mine, other) = ((await OrganizationAsync()).Id, (await OrganizationAsync()).Id);
        var output = new StoredOutput(
            mine,
            "exe_1",
            "application/json",
            5_000_000_000,
            Make.Blob(1, 4000),
            Make.Now.AddMinutes(10)
        );
        await Store.Outputs.PutAsync(output, default);
        await Store.Outputs.PutAsync(output, default);
        Same(output, await Store.Outputs.FindAsync(mine, "exe_1", Make.Now, default));
        Assert.Null(await Store.Outputs.FindAsync(other, "exe_1", Make.Now, default));
        Assert.Null(await Store.Outputs.FindAsync(mine, "exe_1", output.ExpiresAt, default));
        Assert.Equal(0, await Store.Outputs.DeleteExpiredAsync(output.ExpiresAt, 10, default));
        Assert.Equal(1, await Store.Outputs.DeleteExpiredAsync(output.ExpiresAt.AddSeconds(1), 10, default));
    }

    [Fact]
    public async Task An_approval_is_used_once()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var row = Make.Approval(mine.Id);
        Assert.Equal(WriteOutcome.Written, await Store.Approvals.InsertAsync(row, default));
        Assert.Equal(WriteOutcome.Stale, await Store.Approvals.InsertAsync(row, default));
        Same(row, await Store.Approvals.FindAsync(mine.Id, row.Id, default));
        Assert.Null(await Store.Approvals.FindAsync(other.Id, row.Id, default));
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Approvals.UpdateAsync(
                row with
                {
                    Organization = other.Id,
                    Status = ApprovalStatus.Approved,
                },
                1,
                default
            )
        );

        var approved = row with
        {
            Status = ApprovalStatus.Approved,
            DecidedBy = "boss",
            DecidedWith = "key_2",
            Version = 2,
        };
        Assert.Equal(WriteOutcome.Written, await Store.Approvals.UpdateAsync(approved, 1, default));
        Same(approved, await Store.Approvals.FindAsync(mine.Id, row.Id, default));
        var race = await RaceAsync(Rivals, _ =>
            Store.Approvals.UpdateAsync(approved with { Status = ApprovalStatus.Used }, 2, default)
        );
        Assert.Single(race, WriteOutcome.Written);
    }

    [Fact]
    public async Task Approvals_list_by_status()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var rows = new List<ApprovalRow>();
        for (var i = 0; i < 5; i++)
        {
            rows.Add(Make.Approval(mine.Id) with { Status = i == 2 ? ApprovalStatus.Denied : ApprovalStatus.Pending });
            await Store.Approvals.InsertAsync(rows[i], default);
        }

        Same(rows, await AllAsync(cursor => Store.Approvals.ListAsync(mine.Id, null, 2, cursor, default)));
        Assert.Equal(
            rows[2].Id,
            Assert.Single((await Store.Approvals.ListAsync(mine.Id, ApprovalStatus.Denied, 10, null, default)).Items).Id
        );
        Assert.Empty((await Store.Approvals.ListAsync(other.Id, null, 10, null, default)).Items);
    }

    [Fact]
    public async Task A_pack_is_versioned_and_every_change_shows_in_the_revision()
    {
        Assert.Empty(await Store.Packs.ListAsync(default));
        var revisions = new List<long> { await Store.Packs.RevisionAsync(default) };
        var pack = new StoredPack("acme", "1.0", """{"id":"acme"}""", 1, Make.Now);
        var race = await RaceAsync(Rivals, _ => Store.Packs.PutAsync(pack, null, default));
        Assert.Single(race, WriteOutcome.Written);
        revisions.Add(await Store.Packs.RevisionAsync(default));
        Assert.Equal(WriteOutcome.Stale, await Store.Packs.PutAsync(pack with { PackVersion = "2.0" }, 2, default));
        Assert.Equal(WriteOutcome.Written, await Store.Packs.PutAsync(pack with { PackVersion = "2.0" }, 1, default));
        revisions.Add(await Store.Packs.RevisionAsync(default));
        Same(pack with { PackVersion = "2.0", Version = 2 }, Assert.Single(await Store.Packs.ListAsync(default)));
        Assert.Equal(3, revisions.Distinct().Count());
    }

    private IdempotentResponse Claim(string scope, string key) =>
        new(scope, key, "digest", null, null, null, Make.Now, Make.Now.AddHours(1));
}
