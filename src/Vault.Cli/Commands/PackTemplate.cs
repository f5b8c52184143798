using System.Collections.Immutable;
using System.Text;
using Vault.Core.Errors;
using Vault.Core.Templates;
using Vault.Providers.Packs;

namespace Vault.Cli.Commands;

/// <summary>
/// A pack to fill in. Its <c>notes</c> say what to look up at the provider, so an unreviewed pack is recognizable.
/// </summary>
internal static class PackTemplate
{
    public static (string Text, ImmutableArray<Violation> Faults) Make(string id, string baseUrl, string auth)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var address))
            return (
                "",
                [
                    new Violation(
                        "--base-url",
                        $"'{baseUrl}' is not a URL; give one such as https://api.acme.example.com"
                    ),
                ]
            );
        var url = baseUrl.TrimEnd('/');
        var development = HostRules.IsLoopbackName(address.Host) ? "\n  \"development_only\": true," : "";
        var origin = address.GetLeftPart(UriPartial.Authority);
        var (modes, credentials, sign, rotation, value, mode) = auth switch
        {
            "api_key" => (
                "api_key",
                """

                  "credentials": { "api_key": { "api_key": { "label": "API key" } } },
                """,
                "",
                "mints",
                "Bearer {api_key}",
                ", \"mode\": \"api_key\""
            ),
            "basic" => (
                "basic",
                """

                  "credentials": {
                    "basic": { "username": { "label": "User name" }, "password": { "label": "Password" } }
                  },
                """,
                "",
                "mints",
                "Basic {basic}",
                ", \"mode\": \"basic\""
            ),
            "client_credentials" => (
                "client_credentials",
                "",
                $$"""

                  "oauth": { "token_url": "{{origin}}/oauth/token" },
                """,
                "mints",
                "Bearer {access_token}",
                ""
            ),
            _ => (
                "authorization_code",
                "",
                $$"""

                  "default_scopes": [],
                  "oauth": { "authorization_url": "{{origin}}/oauth/authorize", "token_url": "{{origin}}/oauth/token" },
                """,
                "family_kill",
                "Bearer {access_token}",
                ""
            ),
        };
        var text = $$"""
            {
              "format": 1,
              "id": "{{id}}",
              "version": "1.0.0",
              "display_name": "{{id}}",
              "confidence": "unverified",{{development}}
              "notes": [
                "Created from a template: check addresses, rotation, errors and scopes, then remove this line."
              ],
              "hosts": ["{{address.IdnHost}}"],
              "auth_modes": ["{{modes}}"],{{credentials}}{{sign}}
              "refresh": { "rotation": "{{rotation}}" },
              "api": {
                "base_url": "{{url}}",
                "auth": [{ "in": "header", "name": "Authorization", "value": "{{value}}"{{mode}} }]
              },
              "tools": [
                {
                  "name": "{{id}}_get_me",
                  "description": "Read who the account belongs to",
                  "effect": "read",
                  "scopes": [],
                  "input_schema": { "type": "object", "properties": {}, "additionalProperties": false },
                  "request": { "method": "GET", "url": "/me" }
                }
              ]
            }

            """.Replace("\n  \n", "\n", StringComparison.Ordinal);
        return (text, new PackReader().Read(Encoding.UTF8.GetBytes(text), id + ".json").Faults);
    }
}
