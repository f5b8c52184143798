namespace Vault.Providers.Upstream;

/// <summary>
/// An input matches its schema but cannot be sent; nothing was sent. <see cref="Code"/> names the input, never its
/// value.
/// </summary>
internal sealed class InputFaultException(string code) : Exception(code)
{
    public string Code => Message;
}
