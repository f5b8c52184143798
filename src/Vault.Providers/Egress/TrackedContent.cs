using System.Net;
using System.Security.Cryptography;

namespace Vault.Providers.Egress;

/// <summary>
/// A body that records whether sending it has begun. Before that the server cannot have acted on the request: the
/// handler reads the body only after name resolution, connecting and the TLS handshake. Disposing zeroes the bytes,
/// which may contain credentials.
/// </summary>
internal sealed class TrackedContent(byte[] body) : HttpContent
{
    private volatile bool _begun;

    public bool Begun => _begun;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken
    )
    {
        _begun = true;
        await stream.WriteAsync(body, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            CryptographicOperations.ZeroMemory(body);
        base.Dispose(disposing);
    }
}
