using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Egress;

namespace Vault.Providers.OAuth;

/// <summary>
/// One request to an OAuth endpoint: parameters, then client authentication in the one way that the pack names (RFC
/// 6749 2.3 allows one per request). One of the few places that reveal secrets.
/// </summary>
internal sealed class TokenRequest(TokenClient client)
{
    private readonly List<(string Name, string? Text, Secret? Secret)> _fields = [];
    private string? _bearer;

    public TokenRequest With(string name, string value)
    {
        _fields.RemoveAll(f => f.Name == name);
        _fields.Add((name, value, null));
        return this;
    }

    public TokenRequest With(string name, Secret value)
    {
        _fields.Add((name, null, value));
        return this;
    }

    /// <summary>Adds templates of the pack; a parameter with an empty variable is left out.</summary>
    public TokenRequest With(IEnumerable<KeyValuePair<string, string>> templates)
    {
        var variables = TemplateContext.Of(client);
        foreach (var (name, template) in templates)
        {
            if (variables.Expand(template) is { } value)
                With(name, value);
        }

        return this;
    }

    /// <summary>Authenticates with a bearer token instead of the client.</summary>
    public TokenRequest Bearer(string token)
    {
        _bearer = token;
        return this;
    }

    public TokenRequest Bearer(Secret token) => Bearer(token.RevealText());

    /// <summary>How the client authenticates at endpoints other than the token endpoint; null if it does not.</summary>
    public static ClientAuthentication? ClientAt(CallAuthentication call, OAuthShape? oauth) =>
        call switch
        {
            CallAuthentication.Client => oauth?.ClientAuth,
            CallAuthentication.ClientBasic => ClientAuthentication.Basic,
            _ => null,
        };

    /// <summary>Builds the message; disposing it zeroes the body.</summary>
    /// <param name="authentication">Null for none.</param>
    /// <param name="clientId">Replaces the connection's, for a static credential.</param>
    public HttpRequestMessage Build(
        Uri url,
        string method,
        BodyFormat format,
        ClientAuthentication? authentication,
        string? clientId = null,
        Secret? clientSecret = null
    )
    {
        var id = clientId ?? client.Connection.ClientId;
        var secret = clientSecret ?? client.ClientSecret;
        var message = new HttpRequestMessage(new HttpMethod(method), url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        message.Headers.TryAddWithoutValidation("User-Agent", "vault-orleans");
        if (_bearer is not null)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _bearer);
        else if (authentication == ClientAuthentication.Basic && id is not null && secret is not null)
            message.Headers.Authorization = Basic(id, secret);
        else if (authentication is not null && id is not null)
        {
            With("client_id", id);
            if (authentication == ClientAuthentication.Post && secret is not null)
                With("client_secret", secret);
        }

        if (format != BodyFormat.None)
        {
            message.Content = new TrackedContent(format == BodyFormat.Json ? Json() : Form());
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(
                format == BodyFormat.Json ? "application/json" : "application/x-www-form-urlencoded"
            );
        }

        return message;
    }

    /// <summary>
    /// RFC 6749 2.3.1: id and secret are form-urlencoded before they are joined; otherwise a ':' in the id would be
    /// read as the separator.
    /// </summary>
    private static AuthenticationHeaderValue Basic(string id, Secret secret)
    {
        var encodedId = new FormBody().Add("", id).Take();
        var encodedSecret = new FormBody().Add("", secret.Reveal()).Take();
        // Each encoding begins with '=' because the name is empty. The second one's '=' becomes the ':' separator, the
        // first one's is dropped.
        var joined = new byte[encodedId.Length - 1 + encodedSecret.Length];
        encodedId.AsSpan(1).CopyTo(joined);
        encodedSecret.CopyTo(joined.AsSpan(encodedId.Length - 1));
        joined[encodedId.Length - 1] = (byte)':';
        var header = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(joined));
        CryptographicOperations.ZeroMemory(joined);
        CryptographicOperations.ZeroMemory(encodedSecret);
        return header;
    }

    private byte[] Form()
    {
        var form = new FormBody();
        foreach (var (name, text, secret) in _fields)
        {
            if (secret is null)
                form.Add(name, text!);
            else
                form.Add(name, secret.Reveal());
        }

        return form.Take();
    }

    private byte[] Json()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, text, secret) in _fields)
            {
                if (secret is null)
                    writer.WriteString(name, text);
                else
                    writer.WriteString(name, secret.Reveal());
            }

            writer.WriteEndObject();
        }

        var body = buffer.WrittenSpan.ToArray();
        buffer.Clear();
        return body;
    }
}
