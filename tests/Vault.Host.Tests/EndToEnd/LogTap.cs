using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// Keeps every log line with its values and exception, whatever the level, so that a leak cannot hide in a field that
/// the console would not print.
/// </summary>
internal sealed class LogTap(ConcurrentQueue<string> lines) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Tap(lines, categoryName);

    public void Dispose() { }

    private sealed class Tap(ConcurrentQueue<string> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            lines.Enqueue($"{category} scope {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs
                ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}"))
                : "";
            lines.Enqueue($"{category} {logLevel} {formatter(state, exception)} {values} {exception}");
        }
    }
}
