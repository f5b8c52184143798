using Vault.Core.Errors;

namespace Vault.Core.Execution;

/// <summary>
/// The codes with which an upstream says why it did not send a request. Each is the vault's own finding, so its error
/// never says that the provider refused.
/// </summary>
public static class UnsentCodes
{
    public const string DeadlinePassed = "deadline_passed";
    public const string PageTokenInvalid = "page_token_invalid";
    public const string UrlMalformed = "url_malformed";
    public const string NoCredential = "no_credential_for_this_call";
    public const string CredentialUnusable = "credential_unusable";
    public const string CredentialFieldMissing = "credential_field_missing:";
    public const string ParameterMissing = "parameter_missing:";
    public const string EgressDenied = "egress_denied";
    public const string Input = "input_";

    /// <summary>The error of a code.</summary>
    public static ErrorCode ErrorOf(string? code) =>
        code switch
        {
            null => ErrorCatalogue.Internal,
            PageTokenInvalid => ErrorCatalogue.ToolInputInvalid,
            _ when code.StartsWith(Input, StringComparison.Ordinal) => ErrorCatalogue.ToolInputInvalid,
            _ when code.StartsWith("credential_", StringComparison.Ordinal) || code == NoCredential =>
                ErrorCatalogue.CredentialInvalid,
            EgressDenied => ErrorCatalogue.EgressDenied,
            // A parameter of the connection, or the address made of it.
            _ => ErrorCatalogue.ClientMisconfigured,
        };

    /// <summary>What is wrong, in a sentence that names the field and the repair.</summary>
    public static string Explain(string? code)
    {
        var (what, name) = Split(code ?? "");
        return what switch
        {
            PageTokenInvalid => "page_token: is not a token of this list; leave it out to start again.",
            UrlMalformed => "The provider's parameters make no valid URL; correct the connection's parameters.",
            EgressDenied => "The egress rules do not allow the address; nothing was sent.",
            NoCredential => "The account has no credential of a kind that this call can use; supply one.",
            CredentialUnusable =>
                "The account's credential has a character that cannot be sent (a line break, a space that is not ASCII, "
                    + "a typographic quote); nothing was sent. Supply the credential again, exactly as the provider "
                    + "shows it.",
            "credential_field_missing" => $"The account's credential lacks the field '{name}'; supply it.",
            "parameter_missing" =>
                $"The parameter '{name}' is missing, or does not fit its pattern; set it on the connection, or supply it "
                    + "with the account's credential.",
            "input_not_base64" =>
                $"{name}: is not base64; give RFC 4648 base64 or base64url, with or without padding, or a data: URL.",
            "input_has_dot_segment" => $"{name}: has a dot segment, which would leave the tool's path.",
            "input_not_a_header_value" => $"{name}: has a character that a header cannot hold; give printable ASCII.",
            "input_not_a_member_name" => $"{name}: has a member name that cannot be sent.",
            "input_not_a_file_name" => $"{name}: has a character that a file name cannot hold.",
            "input_not_a_media_type" => $"{name}: is not a media type; write it like text/csv.",
            "input_not_an_address" => $"{name}: is not one e-mail address for each entry.",
            _ => name is null ? $"The request cannot be sent: {code}." : $"{name}: cannot be sent ({what}).",
        };
    }

    /// <summary>The input that is at fault; null when it is no input.</summary>
    public static string? FieldOf(string? code) =>
        code == PageTokenInvalid ? "page_token"
        : code?.StartsWith(Input, StringComparison.Ordinal) == true ? Split(code).Name
        : null;

    private static (string What, string? Name) Split(string code)
    {
        var colon = code.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (code, null) : (code[..colon], code[(colon + 1)..]);
    }
}
