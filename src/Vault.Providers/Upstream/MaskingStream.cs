namespace Vault.Providers.Upstream;

/// <summary>
/// A response body on its way through, with the credential masked by as many bytes as it had, so the length stays. It
/// holds back only an end that may be the beginning of a credential: events of a stream are not delayed.
/// </summary>
internal sealed class MaskingStream(ReadOnlyMemory<byte> head, Stream rest, CredentialRedactor redactor) : Stream
{
    private byte[] _buffer = new byte[64 * 1024];
    private ReadOnlyMemory<byte> _head = head;
    private int _start;
    private int _ready;
    private int _end;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_start == _ready && !(_ended && _start == _end))
            await FillAsync(cancellationToken);
        var count = Math.Min(buffer.Length, _ready - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var held = _end - _start;
        _buffer.AsSpan(_start, held).CopyTo(_buffer);
        (_start, _ready, _end) = (0, 0, held);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        if (_head.Length > 0)
        {
            var count = Math.Min(_head.Length, _buffer.Length - _end);
            _head[..count].CopyTo(_buffer.AsMemory(_end));
            _head = _head[count..];
            _end += count;
        }
        else
        {
            var read = await rest.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _ended = read == 0;
            _end += read;
        }

        redactor.Mask(_buffer.AsSpan(0, _end));
        _ready = _ended ? _end : _end - redactor.BeginsAtEnd(_buffer.AsSpan(0, _end));
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() { }
}
