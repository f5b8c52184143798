namespace Vault.Providers.Upstream;

/// <summary>
/// An input that fits its schema and still cannot be sent; nothing was sent. <see cref="Code"/> names the input, never
/// its value.
/// </summary>
internal sealed class InputFaultException(string code) : Exception(code)
{
    public string Code => Message;
}
