using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vault.Providers.Egress;

/// <summary>
/// Certificate authorities of the operator in addition to those of the system: of services inside a company, and of a
/// proxy that
/// inspects TLS.
/// </summary>
internal static class CompanyAuthorities
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The certificates of a PEM text; null, with the reason, if there are none.</summary>
    public static X509Certificate2Collection? Read(string pem, out string fault)
    {
        var authorities = new X509Certificate2Collection();
        fault = "has no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }

        return authorities.Count == 0 ? null : authorities;
    }

    /// <summary>
    /// Accepts what the system accepts, and a chain that ends at one of the given authorities. A wrong name is never
    /// accepted.
    /// </summary>
    public static RemoteCertificateValidationCallback Check(X509Certificate2Collection authorities) =>
        (_, certificate, chain, errors) =>
            errors == SslPolicyErrors.None
            || (
                errors == SslPolicyErrors.RemoteCertificateChainErrors
                && certificate is X509Certificate2 leaf
                && EndsAtOne(leaf, chain, authorities)
            );

    private static bool EndsAtOne(X509Certificate2 leaf, X509Chain? sent, X509Certificate2Collection authorities)
    {
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (sent is not null)
        {
            foreach (var element in sent.ChainElements)
                own.ChainPolicy.ExtraStore.Add(element.Certificate);
            own.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        return own.Build(leaf);
    }
}
