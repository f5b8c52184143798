using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>Token introspection (RFC 7662).</summary>
public sealed record IntrospectionShape(UrlTemplate Url, CallAuthentication Auth);
