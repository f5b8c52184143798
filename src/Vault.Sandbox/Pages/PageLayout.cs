using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;

namespace Vault.Sandbox.Pages;

/// <summary>
/// The layout of every page: plain HTML, one style block with a nonce, no script; not to be framed or cached.
/// </summary>
internal static class PageLayout
{
    private const string Style = """
        body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#16191d}
        main{max-width:34rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border:1px solid #c9ced6;
        border-radius:.5rem}
        h1{font-size:1.35rem;margin-top:0}fieldset{border:1px solid #c9ced6;border-radius:.4rem;margin:1rem 0}
        label{display:block;padding:.35rem 0}.note{font-size:.9rem;color:#4a5260}.problem{
        border-left:.3rem solid #b3261e;padding:.4rem .8rem;background:#fdecea}
        button{font:inherit;padding:.6rem 1.4rem;margin-right:.6rem;border-radius:.4rem;border:1px solid #1b4fd1;
        background:#1b4fd1;color:#fff}
        button.second{background:#fff;color:#1b4fd1}:focus-visible{outline:.2rem solid #d17a00;outline-offset:.1rem}
        code{overflow-wrap:anywhere}
        @media (prefers-color-scheme:dark){body{background:#14171b;color:#e8eaed}main{background:#1d2126;
        border-color:#4a5260}.note{color:#aab2bd}
        .problem{background:#3a1b19}button.second{background:#1d2126;color:#9db8ff}}
        """;

    public static string Text(string value) => HtmlEncoder.Default.Encode(value);

    /// <param name="context">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="title">Plain text; this method encodes it.</param>
    /// <param name="main">HTML of the main element; the caller has encoded untrusted text.</param>
    public static Task WriteAsync(HttpContext context, int status, string title, string main)
    {
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'";
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(
            $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(title)} - Sandbox provider</title>
            <style nonce="{nonce}">{Style}</style>
            </head>
            <body>
            <main>
            {main}
            <p class="note">This is the sandbox provider, for development only. Its users are not real.</p>
            </main>
            </body>
            </html>
            """
        );
    }
}
