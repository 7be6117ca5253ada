# How the fetch-… scripts install what tests need; they source it. Each function does nothing when all is there.

# system WHO PACKAGE...: from the system, which takes root. WHO needs them.
system() {
    local who=$1
    shift
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "$who needs $*: install it, or leave those tests out with \`cargo test\`" >&2
        exit 1
    fi
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@"
}

# python WHO FROM TO: what FROM/requirements.txt names, in the virtual environment TO.
python() {
    local who=$1 from=$2 to=$3
    cmp --silent "$from/requirements.txt" "$to/requirements.txt" && "$to/bin/python" -c '' && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || system "$who" python3 python3-venv
    rm -rf "$to"
    python3 -m venv "$to"
    "$to/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$from/requirements.txt"
    cp "$from/requirements.txt" "$to/"
}

# node WHO FROM TO: what FROM/package-lock.json names, in TO/node_modules.
node() {
    local who=$1 from=$2 to=$3
    cmp --silent "$from/package-lock.json" "$to/node_modules/fetched" && type -P node >/dev/null && return
    # One after the other: some sources of packages have npm within nodejs, and it conflicts with the other.
    type -P node >/dev/null || system "$who" nodejs
    type -P npm >/dev/null || system "$who" npm
    rm -rf "$to"
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to/"
    (cd "$to" && npm ci --loglevel=error --ignore-scripts --no-audit --no-fund)
    cp "$from/package-lock.json" "$to/node_modules/fetched"
}
