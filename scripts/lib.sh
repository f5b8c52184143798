# Shared by the scripts in this folder; sourced, not run.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "$(basename "$0"): $*"; exit 2; }

need_dotnet() {
  command -v dotnet >/dev/null || fail "the .NET SDK is not installed; see https://dot.net"
  (cd "$root" && dotnet --version >/dev/null 2>&1) || fail "the .NET SDK installed does not satisfy global.json; install SDK 10.0 or newer"
}

# need_debian COMMAND PACKAGE...: installs Debian packages when the command is missing and we may.
need_debian() {
  local command=$1; shift
  command -v "$command" >/dev/null && return
  command -v apt-get >/dev/null || fail "$command is missing; install it ($*)"
  [ "$(id -u)" = 0 ] || fail "$command is missing; run: sudo apt-get install $*"
  say "installing $*"
  DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null \
    || fail "apt-get could not install $*"
}

# What the tests against a foreign provider and a real browser need: Node.js with the packages of their lock file, and Chromium.
need_foreign() {
  need_debian node nodejs npm
  need_debian npm npm
  need_debian chromium chromium
  local folder="$root/tests/Vault.Foreign.Tests/oidc"
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  say "installing the packages of ${folder#"$root/"}"
  (cd "$folder" && quietly npm ci --omit=dev --no-audit --no-fund) || fail "npm could not install them; try: cd ${folder#"$root/"} && npm ci"
}

# Prints the output of a command only when it fails.
quietly() {
  local log; log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else local rc=$?; cat "$log" >&2; rm -f "$log"; return "$rc"; fi
}

product_version() { sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' "$root/Directory.Build.props"; }
