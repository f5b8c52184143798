namespace Vault.Sandbox.Pages;

/// <summary>GET / describes the sandbox and links its endpoints.</summary>
internal static class HomePage
{
    public static Task WriteAsync(HttpContext context) =>
        PageLayout.WriteAsync(
            context,
            200,
            "Sandbox provider",
            """
            <h1>Sandbox provider</h1>
            <p>A strict OAuth 2 provider and echo API with configurable faults. It keeps everything in memory.</p>
            <ul>
            <li><a href="/.well-known/oauth-authorization-server">Server metadata</a> (RFC 8414)</li>
            <li>Echo API: <code>/api</code> with a bearer token, <code>/key-api</code> with a key,
            <code>/basic-api</code> with a login</li>
            <li><a href="/_control/counters">Counters</a>, <a href="/_control/faults">faults</a>,
            <a href="/_control/clients">clients</a></li>
            </ul>
            """
        );
}
