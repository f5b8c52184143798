using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Templates;
using Vault.Providers.Tests.Peers;
using Vault.TestKit;

namespace Vault.Providers.Tests.Egress;

/// <summary>
/// The second comparison, where the URL is made: a caller that has forgotten the first one still sends nothing to an
/// origin outside what the credential is bound to.
/// </summary>
public sealed class BoundCallTests : IAsyncLifetime
{
    private SandboxRig _rig = null!;
    private ForeignServer _foreign = null!;

    private Destinations Bound => Destinations.Of([Destinations.OriginOf(new Uri(_rig.Sandbox.BaseUrl))]);

    public async Task InitializeAsync() => (_rig, _foreign) = (await SandboxRig.StartAsync(), new ForeignServer());

    public async Task DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _foreign.DisposeAsync();
    }

    [Fact]
    public async Task No_token_revocation_or_identity_call_leaves_the_bound_origins()
    {
        using var grant = _rig.Grant();
        var away = _rig.Client("sandbox_single_use", _foreign.Url) with { Bound = Bound };
        var refreshed = await _rig.Tokens.RefreshAsync(away, grant.RefreshToken!, SandboxRig.Soon);
        Assert.Equal("destination_changed", Assert.IsType<TokenReply.NotActed>(refreshed).Failure);
        var revoked = await _rig.Tokens.RevokeAsync(away, grant, SandboxRig.Soon);
        Assert.Equal((UpstreamRevocation.Refused, "destination_changed"), (revoked.Outcome, revoked.Failure));
        var identified = await _rig.Tokens.IdentifyAsync(away, grant, null, SandboxRig.Soon);
        Assert.Equal("destination_changed", Assert.IsType<IdentityReply.NotSent>(identified).Failure);
        var minted = await _rig.Tokens.MintAsync(
            _rig.Client("sandbox_cc", _foreign.Url) with
            {
                Bound = Bound,
            },
            null,
            [],
            SandboxRig.Soon
        );
        Assert.Equal("destination_changed", Assert.IsType<TokenReply.NotActed>(minted).Failure);
        Assert.Empty(_foreign.Heard);

        var home = _rig.Client("sandbox_single_use") with { Bound = Bound };
        Assert.IsType<TokenReply.Granted>(await _rig.Tokens.RefreshAsync(home, grant.RefreshToken!, SandboxRig.Soon));
    }

    [Fact]
    public async Task No_tool_call_leaves_the_bound_origins()
    {
        var call = _rig.Call("sandbox_single_use_get_profile", new { }, _rig.Grant()) with { Bound = Bound };
        Assert.Equal(UpstreamOutcome.Succeeded, (await _rig.Upstream.SendAsync(call, default)).Outcome);
        var reply = await _rig.Upstream.SendAsync(
            call with
            {
                Parameters = call.Parameters.SetItem("base_url", _foreign.Url),
            },
            default
        );
        Assert.Equal(
            (UpstreamOutcome.EgressDenied, false, "destination_changed"),
            (reply.Outcome, reply.Sent, reply.Detail)
        );
        Assert.Empty(_foreign.Heard);
    }
}
