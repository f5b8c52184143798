using System.Collections.Concurrent;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Pages;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// GET /oauth/authorize shows the consent page, which posts the decision to /oauth/authorize/decision. Without a
/// person: auto=approve or auto=deny in the query (optionally with identity and grant_scopes), or a client with auto
/// consent.
/// </summary>
internal sealed class AuthorizeEndpoint(
    ClientRegistry clients,
    IdentityBook identities,
    AuthorizationCodes codes,
    CounterBook counters,
    SandboxFaults faults,
    FaultRunner runner,
    TimeProvider time,
    Func<string> issuer
)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, (AuthorizeRequest Request, DateTimeOffset Until)> _waiting = new(
        StringComparer.Ordinal
    );

    public Task HandleAsync(HttpContext context)
    {
        var query = StrictForm.OfQuery(context.Request);
        var reading = AuthorizeReading.Read(query, clients);
        var clientId = clients.TryGet(query["client_id"], out var client) ? client.Current.ClientId : null;
        counters.Add(Count.AuthorizeHits, clientId);
        return runner.RunAsync(context, new FaultSite(FaultTarget.Authorize, "/oauth/authorize", clientId), c =>
            AnswerAsync(c, query, reading)
        );
    }

    public async Task HandleDecisionAsync(HttpContext context)
    {
        var (form, problem) = await StrictForm.ReadAsync(context.Request, repeatable: "scope");
        if (
            form?["transaction"] is not { } transaction
            || !_waiting.TryGetValue(transaction, out var waiting)
            || time.GetUtcNow() >= waiting.Until
        )
        {
            await ErrorPage.WriteAsync(
                context,
                problem
                    ?? "This request for consent has expired or was already answered. Go back to the app and "
                        + "start again."
            );
            return;
        }

        var request = waiting.Request;
        var granted = request.Scopes.Where(form.All("scope").Contains).ToArray();
        var allow = form["decision"] == "allow";
        if (allow && granted.Length == 0 && request.Scopes.Length > 0)
        {
            await ConsentPage.WriteAsync(
                context,
                request,
                transaction,
                identities,
                "Tick at least one permission, or choose Deny."
            );
            return;
        }

        // The request that removes the transaction completes it; a double click finds it gone.
        if (!_waiting.TryRemove(transaction, out _))
        {
            await ErrorPage.WriteAsync(context, "This request for consent was already answered. Go back to the app.");
            return;
        }

        Decide(context, request, allow, form["identity"] ?? identities.Listed[0].Subject, granted);
    }

    private Task AnswerAsync(HttpContext context, StrictForm query, AuthorizeReading reading)
    {
        JsonReply.NoStore(context.Response);
        switch (reading)
        {
            case AuthorizeReading.ShowPage page:
                return ErrorPage.WriteAsync(context, page.Problem);
            case AuthorizeReading.RedirectError error:
                Redirect(
                    context,
                    error.RedirectUri,
                    [("error", error.Error), ("error_description", error.Description), ("state", error.State)]
                );
                return Task.CompletedTask;
            case AuthorizeReading.Valid { Request: var request }:
                return AskAsync(context, query, request);
            default:
                throw new InvalidOperationException("a reading is valid, a page or a redirect with an error");
        }
    }

    private Task AskAsync(HttpContext context, StrictForm query, AuthorizeRequest request)
    {
        var auto = query["auto"] ?? (request.Client.AutoConsent ? "approve" : null);
        if (auto is "approve" or "deny")
        {
            var subject = query["identity"] ?? request.Client.AutoConsentSubject ?? identities.Listed[0].Subject;
            var ticked = query["grant_scopes"] is { } some
                ? request.Scopes.Where(SandboxScopes.Split(some).Contains).ToArray()
                : request.Scopes;
            Decide(context, request, auto == "approve", subject, ticked);
            return Task.CompletedTask;
        }

        if (query["prompt"] == "none")
        {
            Redirect(
                context,
                request.RedirectUri,
                [
                    ("error", "interaction_required"),
                    ("error_description", "a person has to consent"),
                    ("state", request.State),
                ]
            );
            return Task.CompletedTask;
        }

        var now = time.GetUtcNow();
        foreach (var (old, waiting) in _waiting)
        {
            if (now >= waiting.Until)
            {
                _waiting.TryRemove(old, out _);
            }
        }

        var transaction = TokenText.NewTransaction();
        _waiting[transaction] = (request, now + Timeout);
        return ConsentPage.WriteAsync(context, request, transaction, identities, problem: null);
    }

    private void Decide(HttpContext context, AuthorizeRequest request, bool allow, string subject, string[] scopes)
    {
        var clientId = request.Client.ClientId;
        if (!allow)
        {
            counters.Add(Count.ConsentsDenied, clientId);
            Redirect(
                context,
                request.RedirectUri,
                [("error", "access_denied"), ("error_description", "the user denied access"), ("state", request.State)]
            );
            return;
        }

        if (faults.TakeConsent(FaultKind.NarrowScope, clientId) is { } narrow)
        {
            scopes = scopes.Where(narrow.Scopes!.Contains).ToArray();
        }

        if (faults.TakeConsent(FaultKind.WrongIdentity, clientId) is { } wrong)
        {
            subject = wrong.Subject!;
        }

        var now = time.GetUtcNow();
        var code = new AuthorizationCode
        {
            Value = TokenText.NewCode(),
            ClientId = clientId,
            RedirectUri = request.RedirectUri,
            Challenge = request.Challenge,
            Subject = subject,
            Scopes = scopes,
            Nonce = request.Nonce,
            ExpiresAt = now + AuthorizationCode.Lifetime,
        };
        codes.Add(code, now);
        counters.Add(Count.ConsentsAllowed, clientId);
        Redirect(context, request.RedirectUri, [("code", code.Value), ("state", request.State)]);
    }

    /// <summary>Every redirect names the issuer (RFC 9207), so that a client can detect a mix-up of servers.</summary>
    private void Redirect(HttpContext context, string redirectUri, (string Name, string? Value)[] members)
    {
        JsonReply.NoStore(context.Response);
        var pairs = members
            .Append(("iss", issuer()))
            .Where(static m => m.Item2 is not null)
            .Select(static m => m.Item1 + "=" + Uri.EscapeDataString(m.Item2!));
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.StatusCode = HttpMethods.IsPost(context.Request.Method) ? 303 : 302;
        context.Response.Headers.Location =
            redirectUri + (redirectUri.Contains('?', StringComparison.Ordinal) ? '&' : '?') + string.Join('&', pairs);
    }
}
