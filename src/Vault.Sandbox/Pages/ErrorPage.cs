namespace Vault.Sandbox.Pages;

/// <summary>For errors that must not be sent to a redirect URI, because it or the client is invalid.</summary>
internal static class ErrorPage
{
    public static Task WriteAsync(HttpContext context, string problem) =>
        PageLayout.WriteAsync(
            context,
            400,
            "This request is not valid",
            $"<h1>This request is not valid</h1>\n<p class=\"problem\" role=\"alert\">{PageLayout.Text(problem)}</p>"
        );
}
