namespace Vault.Sandbox.Pages;

/// <summary>
/// For requests that cannot be answered at a redirect URI because it, or the client, is not to be trusted.
/// </summary>
internal static class ErrorPage
{
    public static Task WriteAsync(HttpContext context, string problem) =>
        PageLayout.WriteAsync(
            context,
            400,
            "This request cannot go on",
            $"<h1>This request cannot go on</h1>\n<p class=\"problem\" role=\"alert\">{PageLayout.Text(problem)}</p>"
        );
}
