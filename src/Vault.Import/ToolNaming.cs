using System.Security.Cryptography;
using System.Text;

namespace Vault.Import;

/// <summary>
/// Creates names of the form <c>provider_verb_noun</c>. A name depends only on its operation. If two operations get the
/// same name, both get a longer one, so the order of the document has no influence.
/// </summary>
internal static class ToolNaming
{
    private const int MaxLength = 64;

    private static readonly HashSet<string> Verbs = new(StringComparer.Ordinal)
    {
        "get",
        "list",
        "create",
        "update",
        "delete",
        "remove",
        "add",
        "set",
        "search",
        "find",
        "send",
        "cancel",
        "archive",
        "unarchive",
        "restore",
        "enable",
        "disable",
        "start",
        "stop",
        "pause",
        "resume",
        "approve",
        "reject",
        "accept",
        "decline",
        "merge",
        "fork",
        "star",
        "unstar",
        "follow",
        "unfollow",
        "lock",
        "unlock",
        "open",
        "close",
        "reopen",
        "invite",
        "join",
        "leave",
        "kick",
        "rename",
        "move",
        "copy",
        "transfer",
        "upload",
        "download",
        "export",
        "import",
        "generate",
        "render",
        "check",
        "test",
        "validate",
        "verify",
        "confirm",
        "request",
        "review",
        "submit",
        "dismiss",
        "mark",
        "clear",
        "reset",
        "revoke",
        "refresh",
        "rotate",
        "replace",
        "patch",
        "put",
        "watch",
        "count",
        "query",
        "run",
        "rerun",
        "execute",
        "trigger",
        "dispatch",
        "publish",
        "unpublish",
        "convert",
        "compare",
        "capture",
        "void",
        "refund",
        "pay",
        "finalize",
        "attach",
        "detach",
        "assign",
        "unassign",
        "subscribe",
        "unsubscribe",
        "block",
        "unblock",
        "ban",
        "unban",
        "suspend",
        "unsuspend",
        "activate",
        "deactivate",
        "complete",
        "sync",
        "read",
        "write",
        "retrieve",
        "fetch",
        "insert",
        "batch",
        "watch",
        "undelete",
        "purge",
        "trash",
        "untrash",
        "post",
        "open",
        "info",
        "history",
        "reply",
        "redeliver",
        "ping",
        "connect",
        "disconnect",
        "provision",
        "close",
    };

    /// <summary>Synonyms, replaced by the word under which a tool is found.</summary>
    private static readonly Dictionary<string, string> Same = new(StringComparer.Ordinal)
    {
        ["retrieve"] = "get",
        ["fetch"] = "get",
        ["info"] = "get",
        ["insert"] = "create",
        ["patch"] = "update",
        ["put"] = "replace",
        ["read"] = "get",
    };

    private static readonly HashSet<string> Destroys =
    [
        "delete",
        "remove",
        "purge",
        "revoke",
        "erase",
        "destroy",
        "wipe",
        "uninstall",
        "terminate",
        "kick",
        "ban",
        "void",
        "cancel",
    ];

    private static readonly HashSet<string> Filler =
    [
        "for",
        "the",
        "of",
        "a",
        "an",
        "to",
        "in",
        "on",
        "with",
        "by",
        "and",
        "from",
    ];

    /// <summary>Creates a name for every operation, by its method and path.</summary>
    /// <param name="known">Existing names, which stay.</param>
    /// <param name="taken">Names of other tools.</param>
    public static Dictionary<string, string> Names(
        string provider,
        IEnumerable<(string Method, string Path, string? Id)> operations,
        IReadOnlyDictionary<string, string> known,
        IReadOnlySet<string> taken
    )
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var used = new HashSet<string>(taken, StringComparer.Ordinal);
        var (open, keys) = (
            new List<(string Key, string Short, string Long)>(),
            new HashSet<string>(StringComparer.Ordinal)
        );
        foreach (var (method, path, id) in operations)
        {
            var key = method + " " + path;
            if (known.TryGetValue(key, out var before) && used.Add(before))
                names.TryAdd(key, before);
            else if (!names.ContainsKey(key) && keys.Add(key))
                open.Add(
                    (
                        key,
                        Compose(provider, Words(provider, method, path, id)),
                        Compose(provider, [.. Words(provider, method, path, null), .. Places(path)])
                    )
                );
        }

        open = Give(open, o => o.Short);
        open = Give(open, o => o.Long);
        foreach (var (key, name, _) in open)
            names[key] = Numbered(name, key, used);
        return names;

        List<(string Key, string Short, string Long)> Give(
            List<(string Key, string Short, string Long)> from,
            Func<(string Key, string Short, string Long), string> form
        )
        {
            var left = new List<(string, string, string)>();
            foreach (var group in from.GroupBy(form))
            {
                var all = group.ToList();
                if (all.Count == 1 && !used.Contains(group.Key))
                {
                    used.Add(group.Key);
                    names[all[0].Key] = group.Key;
                }
                else
                    left.AddRange(all);
            }

            return left;
        }
    }

    /// <summary>Whether the name indicates a permanent deletion.</summary>
    public static bool IsDestructive(string provider, string name) =>
        Destroys.Contains(name[(provider.Length + 1)..].Split('_')[0]);

    private static List<string> Words(string provider, string method, string path, string? id)
    {
        var words = Split(id ?? "").ToList();
        if (words.Count > 1 && words[0] == provider)
            words.RemoveAt(0);
        var at =
            words.Count == 0 ? -1
            : Verbs.Contains(words[0]) ? 0
            : Verbs.Contains(words[^1]) ? words.Count - 1
            : words.FindIndex(Verbs.Contains);
        var segments = path.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        var single = segments.Length > 0 && segments[^1].Contains('{', StringComparison.Ordinal);
        string verb;
        if (at >= 0)
        {
            verb = words[at];
            words.RemoveAt(at);
            if (verb == "post")
                verb = single ? "update" : "create";
            verb = Same.GetValueOrDefault(verb, verb);
        }
        else
        {
            if (words.Count == 0)
                words =
                [
                    .. segments
                        .Where(s => !s.Contains('{', StringComparison.Ordinal))
                        .SelectMany(Split)
                        .Where(w => !IsVersion(w) && w is not ("api" or "rest" or "json")),
                ];
            // The last segment of POST /invoices/{id}/cancel is the verb.
            if (method == "POST" && !single && words.Count > 1 && Verbs.Contains(words[^1]))
            {
                verb = words[^1];
                words.RemoveAt(words.Count - 1);
            }
            else
                verb = method switch
                {
                    "GET" => single ? "get" : "list",
                    "query" => "get",
                    "mutation" => "run",
                    "PUT" => "replace",
                    "PATCH" => "update",
                    "DELETE" => "delete",
                    _ => single ? "update" : "create",
                };
        }

        return [verb, .. words.Where((w, i) => w != verb && (i == 0 || words[i - 1] != w))];
    }

    private static IEnumerable<string> Places(string path) =>
        path.Split('{')
            .Skip(1)
            .Select(p => p.Split('}')[0])
            .SelectMany(Split)
            .Select((word, i) => i == 0 ? "by_" + word : word);

    private static string Compose(string provider, List<string> words)
    {
        var name = provider + "_" + string.Join('_', words);
        if (name.Length > MaxLength)
            name = provider + "_" + string.Join('_', words.Where((w, i) => i == 0 || !Filler.Contains(w)));
        if (name.Length <= MaxLength)
            return name;
        // Cut at a word and add a hash of the whole, so that two long names stay distinct.
        var cut = name[..(MaxLength - 7)];
        return cut[..Math.Max(cut.LastIndexOf('_'), provider.Length + 2)] + "_" + Mark(name);
    }

    private static string Numbered(string name, string key, HashSet<string> used)
    {
        for (var salt = 0; ; salt++)
        {
            var stem = name.Length > MaxLength - 7 ? name[..(MaxLength - 7)].TrimEnd('_') : name;
            var candidate = stem + "_" + Mark(key + (salt == 0 ? "" : "#" + salt));
            if (used.Add(candidate))
                return candidate;
        }
    }

    private static string Mark(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..6];

    private static bool IsVersion(string word) =>
        word.Length is > 1 and <= 6 && word[0] == 'v' && word.Skip(1).All(c => char.IsAsciiDigit(c) || c is 'a' or 'b');

    /// <summary>
    /// Splits into lower-case words of letters and digits; a capital begins a word (<c>listHTTPRoutes</c>: list, http,
    /// routes).
    /// </summary>
    private static IEnumerable<string> Split(string text)
    {
        var word = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var begins =
                char.IsAsciiLetterUpper(c)
                && word.Length > 0
                && (
                    char.IsAsciiLetterLower(text[i - 1])
                    || char.IsAsciiDigit(text[i - 1])
                    || (i + 1 < text.Length && char.IsAsciiLetterLower(text[i + 1]))
                );
            if ((begins || !char.IsAsciiLetterOrDigit(c)) && word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }

            if (char.IsAsciiLetterOrDigit(c))
                word.Append(char.ToLowerInvariant(c));
        }

        if (word.Length > 0)
            yield return word.ToString();
    }
}
