using System.Net;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Egress;

namespace Vault.Providers.Upstream;

/// <summary>
/// Where a read goes on when its response redirects (RFC 9110 15.4): within the pack's hosts, and without the
/// credential
/// to the hosts of files that the pack names. Writes are not followed: their caller gets the location.
/// </summary>
internal static class Redirects
{
    public const int Max = 5;

    /// <param name="Url">The next request.</param>
    /// <param name="Method">Its method.</param>
    /// <param name="WithCredential">Whether the credential goes along. Once it stayed behind it is not added
    /// again.</param>
    internal sealed record Hop(Uri Url, string Method, bool WithCredential);

    /// <summary>The next hop; null when the response is the answer.</summary>
    public static Hop? Next(ToolCall call, EgressPolicy policy, HttpResponseMessage response, Hop current)
    {
        if (
            call.Tool.Definition.Effect != Effect.Read
            || MethodOf(response.StatusCode, current.Method) is not { } method
        )
            return null;
        if (
            !response.Headers.NonValidated.TryGetValues("Location", out var values)
            || values.Count != 1
            || !Uri.TryCreate(current.Url, values.ToString(), out var url)
            || url.UserInfo.Length > 0
        )
            return null;
        if (PageTokens.SameOrigin(current.Url, url.OriginalString) is { } same)
            return new Hop(new Uri(same), method, current.WithCredential);

        // Made absolute, because the check reads the text of a URL.
        url = new Uri(PageTokens.WithoutFragment(url).AbsoluteUri);
        var pack = call.Tool.Pack;
        if (policy.FileRefusal(pack, url) is null)
            return new Hop(url, method, WithCredential: false);
        if (policy.Refusal(pack, url) is not null)
            return null;

        // A host of the pack may have the credential, as it has it from every call of a tool. Another port of a host is
        // another server, which only development and the operator's own list allow.
        return new Hop(url, method, current.WithCredential && url.Port == current.Url.Port);
    }

    /// <summary>The request of a hop, still without a credential.</summary>
    public static HttpRequestMessage Request(ToolCall call, EgressPolicy policy, string? page, Hop hop)
    {
        // To a host of files go neither the headers of the API nor those of the input.
        if (!hop.WithCredential || RequestMapper.Map(call, policy, page, out _) is not { } message)
        {
            message = new HttpRequestMessage
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            message.Headers.TryAddWithoutValidation("Accept", call.Tool.Definition.Request.Accept);
            message.Headers.TryAddWithoutValidation("Accept-Encoding", ResponseBody.Encodings);
            message.Headers.TryAddWithoutValidation("User-Agent", "vault-orleans");
        }

        message.Method = new HttpMethod(hop.Method);
        message.RequestUri = hop.Url;
        if (hop.Method is "GET" or "HEAD")
        {
            message.Content?.Dispose();
            message.Content = null;
        }

        return message;
    }

    private static string? MethodOf(HttpStatusCode status, string method) =>
        status switch
        {
            HttpStatusCode.SeeOther => method == "HEAD" ? method : "GET",
            HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect => method,
            // RFC 9110 15.4.2: what becomes of the body of a POST differs between servers.
            HttpStatusCode.MovedPermanently or HttpStatusCode.Found => method is "GET" or "HEAD" ? method : null,
            _ => null,
        };
}
