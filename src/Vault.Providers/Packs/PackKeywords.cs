using System.Collections.Frozen;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>The keywords of the pack format and their values in the model.</summary>
internal static class PackKeywords
{
    public static readonly IReadOnlyDictionary<string, AuthMode> Modes = new SortedDictionary<string, AuthMode>(
        StringComparer.Ordinal
    )
    {
        ["authorization_code"] = AuthMode.AuthorizationCode,
        ["client_credentials"] = AuthMode.ClientCredentials,
        ["jwt_bearer"] = AuthMode.JwtBearer,
        ["app_installation"] = AuthMode.AppInstallation,
        ["api_key"] = AuthMode.ApiKey,
        ["basic"] = AuthMode.Basic,
    };

    public static readonly IReadOnlyDictionary<string, Rotation> Rotations = new SortedDictionary<string, Rotation>(
        StringComparer.Ordinal
    )
    {
        ["mints"] = Rotation.Mints,
        ["never"] = Rotation.Never,
        ["grace"] = Rotation.Grace,
        ["single_use"] = Rotation.SingleUse,
        ["family_kill"] = Rotation.FamilyKill,
    };

    public static readonly IReadOnlyDictionary<string, ReuseKills> ReuseKills = new SortedDictionary<
        string,
        ReuseKills
    >(StringComparer.Ordinal)
    {
        ["nothing"] = Core.Packs.ReuseKills.Nothing,
        ["family"] = Core.Packs.ReuseKills.Family,
        ["user"] = Core.Packs.ReuseKills.User,
        ["client"] = Core.Packs.ReuseKills.Client,
        ["unknown"] = Core.Packs.ReuseKills.Unknown,
    };

    public static readonly IReadOnlyDictionary<string, ClientAuthentication> ClientAuth = new SortedDictionary<
        string,
        ClientAuthentication
    >(StringComparer.Ordinal)
    {
        ["basic"] = ClientAuthentication.Basic,
        ["post"] = ClientAuthentication.Post,
        ["none"] = ClientAuthentication.None,
    };

    public static readonly IReadOnlyDictionary<string, CallAuthentication> CallAuth = new SortedDictionary<
        string,
        CallAuthentication
    >(StringComparer.Ordinal)
    {
        ["client"] = CallAuthentication.Client,
        ["client_basic"] = CallAuthentication.ClientBasic,
        ["bearer"] = CallAuthentication.Bearer,
        ["none"] = CallAuthentication.None,
    };

    public static readonly IReadOnlyDictionary<string, TokenChoice> TokenChoices = new SortedDictionary<
        string,
        TokenChoice
    >(StringComparer.Ordinal)
    {
        ["refresh_or_access"] = TokenChoice.RefreshOrAccess,
        ["refresh"] = TokenChoice.Refresh,
        ["access"] = TokenChoice.Access,
    };

    public static readonly IReadOnlyDictionary<string, bool> Pkce = new SortedDictionary<string, bool>(
        StringComparer.Ordinal
    )
    {
        ["S256"] = true,
        ["none"] = false,
    };

    public static readonly IReadOnlyDictionary<string, AssertionUse> AssertionUses = new SortedDictionary<
        string,
        AssertionUse
    >(StringComparer.Ordinal)
    {
        ["grant"] = AssertionUse.Grant,
        ["client"] = AssertionUse.Client,
        ["bearer"] = AssertionUse.Bearer,
    };

    public static readonly IReadOnlyDictionary<string, BodyFormat> TokenFormats = new SortedDictionary<
        string,
        BodyFormat
    >(StringComparer.Ordinal)
    {
        ["form"] = BodyFormat.Form,
        ["json"] = BodyFormat.Json,
    };

    public static readonly IReadOnlyDictionary<string, BodyFormat> CallFormats = new SortedDictionary<
        string,
        BodyFormat
    >(StringComparer.Ordinal)
    {
        ["form"] = BodyFormat.Form,
        ["json"] = BodyFormat.Json,
        ["none"] = BodyFormat.None,
    };

    public static readonly IReadOnlyDictionary<string, BodyFormat> BodyFormats = new SortedDictionary<
        string,
        BodyFormat
    >(StringComparer.Ordinal)
    {
        ["form"] = BodyFormat.Form,
        ["json"] = BodyFormat.Json,
        ["multipart"] = BodyFormat.Multipart,
        ["raw"] = BodyFormat.Raw,
    };

    public static readonly IReadOnlyDictionary<string, ParameterSource> Sources = new SortedDictionary<
        string,
        ParameterSource
    >(StringComparer.Ordinal)
    {
        ["connection"] = ParameterSource.Connection,
        ["account"] = ParameterSource.Account,
        ["captured"] = ParameterSource.Captured,
    };

    public static readonly IReadOnlyDictionary<string, AnswerMeaning> TokenMeanings = new SortedDictionary<
        string,
        AnswerMeaning
    >(StringComparer.Ordinal)
    {
        ["not_acted"] = AnswerMeaning.NotActed,
        ["may_have_acted"] = AnswerMeaning.MayHaveActed,
        ["client_refused"] = AnswerMeaning.ClientRefused,
        ["grant_dead"] = AnswerMeaning.GrantDead,
    };

    public static readonly IReadOnlyDictionary<string, AnswerMeaning> ApiMeanings = new SortedDictionary<
        string,
        AnswerMeaning
    >(StringComparer.Ordinal)
    {
        ["credential_rejected"] = AnswerMeaning.CredentialRejected,
        ["grant_dead"] = AnswerMeaning.GrantDead,
        ["scope_missing"] = AnswerMeaning.ScopeMissing,
        ["rate_limited"] = AnswerMeaning.RateLimited,
        ["rejected"] = AnswerMeaning.Rejected,
        ["unavailable"] = AnswerMeaning.Unavailable,
    };

    public static readonly IReadOnlyDictionary<string, RetryAfterForm> RetryForms = new SortedDictionary<
        string,
        RetryAfterForm
    >(StringComparer.Ordinal)
    {
        ["standard"] = RetryAfterForm.Standard,
        ["seconds"] = RetryAfterForm.Seconds,
        ["milliseconds"] = RetryAfterForm.Milliseconds,
        ["epoch_seconds"] = RetryAfterForm.EpochSeconds,
        ["epoch_milliseconds"] = RetryAfterForm.EpochMilliseconds,
    };

    public static readonly IReadOnlyDictionary<string, Effect> Effects = new SortedDictionary<string, Effect>(
        StringComparer.Ordinal
    )
    {
        ["read"] = Effect.Read,
        ["write"] = Effect.Write,
        ["destructive"] = Effect.Destructive,
    };

    public static readonly IReadOnlyDictionary<string, Idempotency> Idempotencies = new SortedDictionary<
        string,
        Idempotency
    >(StringComparer.Ordinal)
    {
        ["none"] = Idempotency.None,
        ["natural"] = Idempotency.Natural,
        ["key"] = Idempotency.Key,
    };

    public static readonly IReadOnlyDictionary<string, FieldForm> FieldForms = new SortedDictionary<string, FieldForm>(
        StringComparer.Ordinal
    )
    {
        ["auto"] = FieldForm.Auto,
        ["comma"] = FieldForm.Comma,
        ["space"] = FieldForm.Space,
        ["pipe"] = FieldForm.Pipe,
        ["deep"] = FieldForm.Deep,
        ["json"] = FieldForm.Json,
        ["base64url"] = FieldForm.Base64Url,
        ["mail_message"] = FieldForm.MailMessage,
        ["base64_bytes"] = FieldForm.Base64Bytes,
    };

    public static readonly IReadOnlyDictionary<string, PagingStyle> PagingStyles = new SortedDictionary<
        string,
        PagingStyle
    >(StringComparer.Ordinal)
    {
        ["cursor"] = PagingStyle.Cursor,
        ["last_id"] = PagingStyle.LastId,
        ["offset"] = PagingStyle.Offset,
        ["page"] = PagingStyle.Page,
        ["link_header"] = PagingStyle.LinkHeader,
        ["next_url"] = PagingStyle.NextUrl,
    };

    public static readonly IReadOnlyDictionary<string, KeyLocation> Locations = new SortedDictionary<
        string,
        KeyLocation
    >(StringComparer.Ordinal)
    {
        ["header"] = KeyLocation.Header,
        ["query"] = KeyLocation.Query,
        ["body"] = KeyLocation.Body,
    };

    public static readonly IReadOnlyDictionary<string, CredentialPlace> CredentialPlaces = new SortedDictionary<
        string,
        CredentialPlace
    >(StringComparer.Ordinal)
    {
        ["header"] = CredentialPlace.Header,
        ["query"] = CredentialPlace.Query,
        ["oauth1"] = CredentialPlace.OAuth1,
    };

    public static readonly FrozenSet<string> Methods = new[] { "GET", "POST", "PUT", "PATCH", "DELETE" }.ToFrozenSet();

    public static readonly FrozenSet<string> Confidences = new[]
    {
        "verified",
        "cross-checked",
        "single-source",
        "unverified",
    }.ToFrozenSet();
}
