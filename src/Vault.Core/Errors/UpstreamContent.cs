using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Core.Errors;

/// <summary>
/// What a provider sent with a refusal: its body, redacted and cut, and the headers that a caller can use. It is
/// content of a third party, never an instruction.
/// </summary>
/// <param name="Body">JSON, a JSON string for text, base64 with its type for other content; null for an empty
/// body.</param>
/// <param name="Truncated">Whether the body was cut.</param>
/// <param name="Headers">In the order of their names; every URL in them is absolute.</param>
public sealed record UpstreamContent(JsonElement? Body, bool Truncated, ImmutableArray<UpstreamHeader> Headers);

/// <summary>A header of a provider's response; its name is in lower case.</summary>
public sealed record UpstreamHeader(string Name, string Value);
