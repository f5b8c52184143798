using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>
/// Exchanges a code for tokens. A code is single use: it is sent again only when the provider certainly did not receive
/// it, and only within its window (law 5).
/// </summary>
public sealed class CodeExchange(ITokenEndpoint endpoint, TimeProvider time, ConnectOptions options)
{
    private const int Attempts = 3;

    public async Task<Result<TokenSet>> RunAsync(TokenClient client, Secret code, Secret verifier)
    {
        // Measured by the monotonic clock: setting the wall clock neither shortens the window nor makes a person wait
        // for an hour.
        var began = time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            var left = options.ExchangeWindow - time.GetElapsedTime(began);
            var deadline = time.GetUtcNow() + (left < options.CallTimeout ? left : options.CallTimeout);
            switch (await endpoint.ExchangeCodeAsync(client, code, verifier, deadline))
            {
                case TokenReply.Granted granted:
                    return granted.Tokens;
                case TokenReply.NotActed notActed:
                    var wait = notActed.RetryAfter ?? TimeSpan.FromMilliseconds(250 << attempt);
                    if (attempt == Attempts || time.GetElapsedTime(began) + wait >= options.ExchangeWindow)
                        return new VaultError(
                            ErrorCatalogue.UpstreamUnavailable,
                            "The provider could not be reached to finish connecting. Start again with a new link."
                        )
                        {
                            RetryAfter = notActed.RetryAfter,
                        };
                    await Task.Delay(wait, time, CancellationToken.None);
                    break;
                case TokenReply.MayHaveActed:
                    return new VaultError(
                        ErrorCatalogue.OutcomeUnknown,
                        "The provider's response was lost, so it is not known whether the account is connected. "
                            + "Start again with a new link."
                    );
                case TokenReply.ClientRefused refused:
                    return new VaultError(
                        ErrorCatalogue.UpstreamRejected,
                        "The provider refuses this application; its administrator must correct the connection's client settings."
                    )
                    {
                        StatusReason = refused.Reason,
                        Upstream = refused.Failure,
                    };
                case TokenReply.GrantDead dead:
                    return new VaultError(
                        ErrorCatalogue.UpstreamRejected,
                        "The provider no longer accepts this sign-in. Start again with a new link."
                    )
                    {
                        Upstream = dead.Failure,
                    };
                default:
                    throw new InvalidOperationException("A token reply of an unknown kind.");
            }
        }
    }
}
