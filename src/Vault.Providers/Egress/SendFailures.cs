using System.Net.Sockets;
using System.Security.Authentication;

namespace Vault.Providers.Egress;

internal enum SendFailure
{
    EgressDenied,
    NameUnknown,
    Refused,
    Tls,
    TimedOut,
    Broken,
}

/// <summary>Classifies send failures by the framework's error codes, never by a message.</summary>
internal static class SendFailures
{
    public static SendFailure Of(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is EgressDeniedException)
                return SendFailure.EgressDenied;
        }

        if (exception is OperationCanceledException)
            return SendFailure.TimedOut;
        if (exception is HttpRequestException http)
        {
            switch (http.HttpRequestError)
            {
                case HttpRequestError.NameResolutionError:
                    return SendFailure.NameUnknown;
                case HttpRequestError.SecureConnectionError:
                    return SendFailure.Tls;
                // The proxy refused the tunnel, so the provider received nothing.
                case HttpRequestError.ProxyTunnelError:
                    return SendFailure.Refused;
                case HttpRequestError.ConnectionError:
                    return
                        http.InnerException
                            is SocketException
                            {
                                SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain
                            }
                        ? SendFailure.NameUnknown
                        : SendFailure.Refused;
            }

            if (http.InnerException is AuthenticationException)
                return SendFailure.Tls;
        }

        return SendFailure.Broken;
    }

    /// <summary>Whether this failure occurs before any part of a request is sent.</summary>
    public static bool BeforeSend(SendFailure failure) =>
        failure is SendFailure.EgressDenied or SendFailure.NameUnknown or SendFailure.Refused or SendFailure.Tls;

    public static string Code(SendFailure failure) =>
        failure switch
        {
            SendFailure.EgressDenied => "egress_denied",
            SendFailure.NameUnknown => "name_not_resolved",
            SendFailure.Refused => "connection_refused",
            SendFailure.Tls => "tls_failed",
            SendFailure.TimedOut => "timeout",
            _ => "connection_broken",
        };
}
