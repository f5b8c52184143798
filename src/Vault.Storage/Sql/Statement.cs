using Vault.Core.Sealing;

namespace Vault.Storage.Sql;

internal enum ParameterKind
{
    Text,
    Integer,
    Boolean,
    Bytes,
    Texts,
    Integers,
    BytesList,
}

/// <summary>
/// A named, typed value. The type is explicit because PostgreSQL needs it to prepare a statement and null has none.
/// </summary>
internal readonly record struct Parameter(string Name, ParameterKind Kind, object? Value);

/// <summary>
/// SQL text and its parameters, independent of the dialect. Values are never inserted into the SQL text.
/// </summary>
internal sealed class Statement(string sql)
{
    private readonly List<Parameter> _parameters = [];

    public string Sql { get; } = sql;

    public IReadOnlyList<Parameter> Parameters => _parameters;

    public Statement Text(string name, string? value) => Add(name, ParameterKind.Text, value);

    public Statement Integer(string name, long? value) => Add(name, ParameterKind.Integer, value);

    public Statement Boolean(string name, bool value) => Add(name, ParameterKind.Boolean, value);

    public Statement Time(string name, DateTimeOffset? value) =>
        Add(name, ParameterKind.Integer, value is { } time ? Micros.From(time) : null);

    public Statement Bytes(string name, ReadOnlyMemory<byte>? value) =>
        Add(name, ParameterKind.Bytes, value?.ToArray());

    /// <summary>Two columns: the bytes, and <c>{name}_key_version</c>, with which rotation finds the row.</summary>
    public Statement Blob(string name, SealedBlob? blob) =>
        Bytes(name, blob?.Bytes).Integer(name + "_key_version", blob?.KeyVersion);

    /// <summary>An array; PostgreSQL only.</summary>
    public Statement Texts(string name, string?[] values) => Add(name, ParameterKind.Texts, values);

    public Statement Integers(string name, long[] values) => Add(name, ParameterKind.Integers, values);

    public Statement BytesList(string name, byte[]?[] values) => Add(name, ParameterKind.BytesList, values);

    /// <summary>A statement with the same parameters and another SQL text.</summary>
    public Statement As(string sql)
    {
        var statement = new Statement(sql);
        statement._parameters.AddRange(_parameters);
        return statement;
    }

    private Statement Add(string name, ParameterKind kind, object? value)
    {
        _parameters.Add(new Parameter(name, kind, value));
        return this;
    }
}
