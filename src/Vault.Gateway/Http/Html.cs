using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace Vault.Gateway.Http;

/// <summary>
/// The layout of every page: no script, no image, no external resource; the Content-Security-Policy allows one style
/// sheet by its hash.
/// </summary>
internal static class Html
{
    // The contrast of text and controls is at least 7:1 in both color schemes (WCAG 2.2, 1.4.6).
    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b1b1b;--ground:#fff;--line:#8a8a8a;--act:#0b4a8f;--on-act:#fff}
        @media(prefers-color-scheme:dark){:root{--ink:#f2f2f2;--ground:#161616;--line:#9a9a9a;--act:#a9cdf5;
        --on-act:#10202f}}
        body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.5 system-ui,sans-serif}
        main{max-width:38rem;margin:0 auto;padding:2rem 1.25rem}
        h1{font-size:1.5rem;line-height:1.25}
        h2{font-size:1.125rem;margin:1.5rem 0 .5rem}
        ul{padding-left:1.25rem}
        code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
        table{border-collapse:collapse;width:100%}
        th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
        a{color:var(--act)}
        button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:2px solid var(--act);border-radius:.4rem;
        background:var(--act);color:var(--on-act);cursor:pointer}
        :focus-visible{outline:3px solid var(--ink);outline-offset:3px}
        .note{border-left:.25rem solid var(--line);padding-left:1rem}
        """;

    /// <summary>
    /// No form-action: browsers also apply it to the redirect after a form, and the provider may redirect to hosts we
    /// cannot know.
    /// </summary>
    public static string Policy { get; } =
        "default-src 'none'; style-src "
        + $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; "
        + "frame-ancestors 'none'; base-uri 'none'";

    public static string Page(string title, string body) =>
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        + "content=\"width=device-width,initial-scale=1\">\n"
        + $"<meta name=\"robots\" content=\"noindex\">\n<title>{Text(title)}</title>\n<style>{Style}</style>\n"
        + $"</head>\n<body>\n<main>\n<h1>{Text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n";

    /// <summary>Encodes text for HTML; all text in a page goes through this method.</summary>
    public static string Text(string? text) => text is null ? "" : HtmlEncoder.Default.Encode(text);
}
