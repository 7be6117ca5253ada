# How scripts get the subcommands of Cargo that they need; they source it.

# tool NAME VERSION: into target/tools, and first in PATH. Does nothing when that version is there. Without
# optimisation: that halves the time of the build, and what they do here is quick anyway.
tool() {
    local name=$1 version=$2
    export PATH="$PWD/target/tools/bin:$PATH"
    cargo install --list --root target/tools | grep --quiet "^$name v$version:" && return
    cargo install --locked --debug --quiet --root target/tools --version "$version" "$name"
}
