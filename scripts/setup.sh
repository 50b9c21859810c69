# Shared by ./run and ./check, to be sourced: packages, configuration, build. Everything it says goes to standard error.
# Nothing is kept outside build/. Sets `root`; a failure ends the caller: 3 the environment, 1 the build.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 3
script=$(basename -- "$0")

say() { printf '%s: %s\n' "$script" "$*" >&2; }
give_up() { local status=$1; shift; say "$*"; exit "$status"; }

# Installs what packages.txt lists and dpkg does not know as installed. No word to apt when nothing is missing.
install_packages() {
    local wanted missing=() package
    wanted=$(grep -v -e '^#' -e '^[[:space:]]*$' "$root/packages.txt") || give_up 3 "packages.txt: cannot be read"
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system; the build needs what these packages hold:" $wanted
        return
    fi
    local installed
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null)
    for package in $wanted; do
        grep -qx -- "$package installed" <<<"$installed" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    local as_root=()
    if ((EUID != 0)); then
        # Without a terminal a question for a password would never be answered.
        if command -v sudo >/dev/null && { [[ -t 0 && -t 2 ]] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            give_up 3 "these packages are missing and installing them needs root or sudo: ${missing[*]}"
        fi
    fi
    say "installing ${missing[*]}"
    local log
    log=$(mktemp) || give_up 3 "no temporary file can be made"
    # --no-remove: packages that conflict (Boost 1.74) are named, never thrown out.
    if ! "${as_root[@]}" apt-get -qq update >"$log" 2>&1 ||
        ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-remove \
            --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        if dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'libboost*1.74-dev' 2>/dev/null | grep -q ' installed$'; then
            say "the -dev packages of Boost 1.74 are installed; those of 1.81 cannot stand beside them: remove them first"
        fi
        give_up 3 "the packages could not be installed: ${missing[*]}"
    fi
    rm -f "$log"
}

# configure PRESET FOLDER: only when there is no build system yet, the presets changed, or the tree has moved.
configure() {
    local preset=$1 folder=$root/$2 fresh=()
    if [[ -f $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
        fresh=(--fresh)
    elif [[ -f $folder/build.ninja && ! $root/CMakePresets.json -nt $folder/build.ninja ]]; then
        return
    fi
    say "configuring $2/ (preset $preset)"
    mkdir -p "$folder" || give_up 3 "$folder: cannot be made"
    # From the root: presets are looked for in the working folder.
    (cd "$root" && cmake --preset "$preset" "${fresh[@]}") >"$folder/configure.log" 2>&1 || {
        cat "$folder/configure.log" >&2
        give_up 1 "configuring failed (kept in $2/configure.log)"
    }
}

# build FOLDER [TARGET...]: everything without targets. On a terminal ninja shows its progress, else only what is wrong.
# Ninja is always asked: it alone knows about new files (a dry run does not).
build() {
    local folder=$root/$1
    say "bringing $1/ up to date"
    shift
    if [[ -t 2 ]]; then
        ninja -C "$folder" -j "$(nproc)" "$@" >&2
    else
        ninja -C "$folder" -j "$(nproc)" --quiet "$@" 2>&1 | grep -v '^ninja: no work to do' >&2
        ((PIPESTATUS[0] == 0))
    fi || give_up 1 "the build failed"
}

# set_up PRESET FOLDER [TARGET...]
set_up() {
    local preset=$1 folder=$2
    shift 2
    install_packages
    mkdir -p "$root/$folder" || give_up 3 "$root/$folder: cannot be made"
    # Two set-ups at once would build over each other.
    { exec 9>"$root/$folder/.lock"; } 2>/dev/null || give_up 3 "$root/$folder: is not writable"
    if ! flock -n 9; then
        say "waiting for another set-up of $folder/"
        flock 9
    fi
    configure "$preset" "$folder"
    build "$folder" "$@"
    exec 9>&-
}
