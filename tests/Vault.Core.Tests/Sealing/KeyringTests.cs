using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;
using static Vault.Core.Tests.Sealing.SealingBench;

namespace Vault.Core.Tests.Sealing;

public sealed class KeyringTests : IDisposable
{
    private readonly SealingBench _bench = new();

    [Fact]
    public async Task The_first_use_makes_the_key_once_also_on_two_hosts_at_once()
    {
        var other = _bench.NewKeyring(_bench.Wrapper);
        var held = await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(i =>
                    Task.Run(async () =>
                        (await (i % 2 == 0 ? _bench.Keyring : other).HoldActiveAsync(Acme, default)).Value
                    )
                )
        );
        Assert.Single(await _bench.Keys.ListAsync(Acme, default));
        var context = At(Acme);
        var blob = _bench.Sealer.Seal(held[0], "v"u8, context);
        foreach (var key in held)
        {
            using (Sealer.Open(key, blob, context))
                key.Dispose();
        }
    }

    [Fact]
    public async Task Many_callers_cause_one_unwrapping()
    {
        await _bench.SealAsync("v", Acme);
        var counting = new CountingWrapper(_bench.Wrapper);
        var keyring = _bench.NewKeyring(counting);
        var gate = new TaskCompletionSource();
        counting.Hold = gate.Task;
        var waiting = Enumerable.Range(0, 50).Select(_ => keyring.HoldActiveAsync(Acme, default).AsTask()).ToList();
        gate.SetResult();
        foreach (var key in await Task.WhenAll(waiting))
            key.Value.Dispose();
        Assert.Equal(1, counting.Unwrapped);
    }

    [Fact]
    public async Task A_caller_who_gives_up_does_not_fail_the_others()
    {
        await _bench.SealAsync("v", Acme);
        var counting = new CountingWrapper(_bench.Wrapper);
        var keyring = _bench.NewKeyring(counting);
        var gate = new TaskCompletionSource();
        counting.Hold = gate.Task;
        using var impatient = new CancellationTokenSource();
        var first = keyring.HoldActiveAsync(Acme, impatient.Token).AsTask();
        var second = keyring.HoldActiveAsync(Acme, default).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        using var key = (await second).Value;
    }

    [Fact]
    public async Task A_lease_outlives_forgetting_eviction_and_the_keyring_itself()
    {
        var lease = await _bench.ActiveAsync(Acme);
        var context = At(Acme, generation: 2);
        _bench.Keyring.Forget(Acme);
        _bench.Time.Advance(TimeSpan.FromDays(1));
        _bench.Keyring.Dispose();
        var blob = _bench.Sealer.Seal(lease, "the reply"u8, context);
        using (var opened = Sealer.Open(lease, blob, context))
            Assert.Equal("the reply", opened.RevealText());
        lease.Dispose();
        lease.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _bench.Sealer.Seal(lease, "too late"u8, context));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await _bench.Keyring.HoldActiveAsync(Acme, default)
        );
    }

    [Fact]
    public async Task Disposing_one_lease_twice_does_not_pull_the_key_from_another()
    {
        var one = await _bench.ActiveAsync(Acme);
        using var two = await _bench.ActiveAsync(Acme);
        one.Dispose();
        one.Dispose();
        one.Dispose();
        _bench.Sealer.Seal(two, "v"u8, At(Acme));
    }

    [Fact]
    public async Task A_cached_key_needs_no_store_until_its_time_is_over()
    {
        using (await _bench.ActiveAsync(Acme)) { }

        var reads = _bench.Keys.Reads;
        using (await _bench.ActiveAsync(Acme))
            Assert.Equal(reads, _bench.Keys.Reads);
        _bench.Time.Advance(TimeSpan.FromSeconds(31));
        using (await _bench.ActiveAsync(Acme))
            Assert.True(_bench.Keys.Reads > reads);
    }

    [Fact]
    public async Task The_cache_is_bounded_and_what_is_evicted_is_read_again()
    {
        using var bench = new SealingBench(new KeyringOptions { Capacity = 16 });
        var organizations = Enumerable
            .Range(0, 40)
            .Select(i => new OrganizationId($"org_01hzzzzzzzzzzzzzzzzzzzzz{i / 10}{i % 10}"))
            .ToList();
        var leases = new List<SealingKey>();
        foreach (var organization in organizations)
            leases.Add(await bench.ActiveAsync(organization));
        foreach (var lease in leases)
            bench.Sealer.Seal(lease, "v"u8, At(lease.Organization));
        var reads = bench.Keys.Reads;
        using (await bench.ActiveAsync(organizations[0]))
            Assert.True(bench.Keys.Reads > reads);
        reads = bench.Keys.Reads;
        using (await bench.ActiveAsync(organizations[^1]))
            Assert.Equal(reads, bench.Keys.Reads);
        foreach (var lease in leases)
            lease.Dispose();
    }

    [Fact]
    public async Task Forgetting_while_a_key_is_being_unwrapped_keeps_it_out()
    {
        var blob = await _bench.SealAsync("v", Acme);
        _bench.Keyring.Forget(Acme);
        var entered = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var counting = new CountingWrapper(_bench.Wrapper) { Hold = gate.Task, Entered = entered };
        var keyring = _bench.NewKeyring(counting);
        var holding = keyring.HoldVersionAsync(Acme, blob.KeyVersion, default).AsTask();
        await entered.Task;

        // Destroyed and forgotten between reading the row and the end of the unwrapping: the unwrapped key must not be
        // handed out.
        await new KeyErasure(_bench.Keys, keyring, _bench.Time).EraseAsync(Acme, default);
        gate.SetResult();
        Assert.Equal(ErrorCatalogue.OrganizationUnknown, (await holding).Error!.Code);
    }

    [Fact]
    public async Task A_key_service_that_is_away_is_a_value_and_one_that_hangs_is_bounded()
    {
        await _bench.SealAsync("v", Acme);
        var counting = new CountingWrapper(_bench.Wrapper) { Fault = new KeyServiceUnavailableException("away") };
        var keyring = _bench.NewKeyring(counting);
        Assert.Equal(ErrorCatalogue.KeysUnavailable, (await keyring.HoldActiveAsync(Acme, default)).Error!.Code);

        counting.Fault = null;
        counting.Hold = new TaskCompletionSource().Task;
        var entered = counting.Entered = new TaskCompletionSource();
        var hanging = keyring.HoldActiveAsync(Acme, default).AsTask();
        await entered.Task;
        _bench.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(ErrorCatalogue.KeysUnavailable, (await hanging).Error!.Code);

        counting.Hold = Task.CompletedTask;
        using var key = (await keyring.HoldActiveAsync(Acme, default)).Value;
    }

    [Fact]
    public async Task An_erased_organization_opens_nothing_and_never_gets_a_second_life()
    {
        var blob = await _bench.SealAsync("v", Acme);
        var erasure = new KeyErasure(_bench.Keys, _bench.Keyring, _bench.Time);
        Assert.Equal(1, await erasure.EraseAsync(Acme, default));
        Assert.Equal(0, await erasure.EraseAsync(Acme, default));
        Assert.Null(Assert.Single(await _bench.Keys.ListAsync(Acme, default)).Wrapped);
        Assert.Equal(
            ErrorCatalogue.OrganizationUnknown,
            (await _bench.Sealer.OpenAsync(blob, At(Acme), default)).Error!.Code
        );
        Assert.Equal(
            ErrorCatalogue.OrganizationUnknown,
            (await _bench.Keyring.HoldActiveAsync(Acme, default)).Error!.Code
        );
    }

    [Fact]
    public void Options_name_every_fault() =>
        Assert.Equal(
            4,
            new KeyringOptions
            {
                Capacity = 1,
                KeepKey = TimeSpan.Zero,
                KeepActive = TimeSpan.Zero,
                UnwrapTimeout = TimeSpan.Zero,
            }
                .Faults()
                .Count()
        );

    public void Dispose() => _bench.Dispose();

    private sealed class CountingWrapper(IKeyWrapper inner) : IKeyWrapper
    {
        private int _unwrapped;

        public Task Hold { get; set; } = Task.CompletedTask;

        public TaskCompletionSource? Entered { get; set; }

        public Exception? Fault { get; set; }

        public int Unwrapped => _unwrapped;

        public string MasterKeyId => inner.MasterKeyId;

        public ValueTask<byte[]> WrapAsync(
            OrganizationId organization,
            uint keyVersion,
            ReadOnlyMemory<byte> plaintextKey,
            CancellationToken cancellationToken
        ) => inner.WrapAsync(organization, keyVersion, plaintextKey, cancellationToken);

        public async ValueTask<byte[]> UnwrapAsync(
            OrganizationId organization,
            uint keyVersion,
            string masterKeyId,
            ReadOnlyMemory<byte> wrapped,
            CancellationToken cancellationToken
        )
        {
            Interlocked.Increment(ref _unwrapped);
            if (Fault is { } fault)
                throw fault;
            Entered?.TrySetResult();
            await Hold.WaitAsync(cancellationToken);
            return await inner.UnwrapAsync(organization, keyVersion, masterKeyId, wrapped, cancellationToken);
        }
    }
}
