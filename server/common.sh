# shellcheck shell=bash
# What `start` and `stop` share: sentences, the data folder, and never being root.

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

need() {
    local program
    for program in "$@"; do
        command -v "$program" > /dev/null || fail "The program $program is missing. Debian: apt-get install util-linux"
    done
}

# Where the data folder is, in full. Its name reaches PostgreSQL, MLflow and a URL, so it has to be a plain one.
data_folder() {
    local folder
    folder=$(readlink --canonicalize-missing -- "$1")
    case $folder in
        *[!A-Za-z0-9_./-]*) fail "The data folder $folder: use letters, digits, _ . and - only." ;;
    esac
    # PostgreSQL's socket lies in it, and Linux allows a socket's path 107 bytes.
    [ "${#folder}" -le 80 ] || fail "The data folder $folder: choose a path of at most 80 characters."
    printf '%s\n' "$folder"
}

# Started by root, go on as the user that the data folder belongs to: root never runs a server.
# Usage: leave_root DATA SCRIPT ARGUMENTS...
leave_root() {
    local data=$1 script=$2 user
    shift 2
    [ "$(id -u)" = 0 ] || return 0
    need setpriv
    user=${LABKART_USER:-postgres}
    [ ! -d "$data" ] || user=$(stat --format=%U "$data")
    [ "$user" != root ] || fail "$data belongs to root, and root runs no server. Give it to a user: chown postgres $data"
    id "$user" > /dev/null 2>&1 || fail "There is no user $user. Make one (useradd --system labkart) and set LABKART_USER."
    local as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups)
    "${as[@]}" test -r "$script" || fail "The user $user cannot read $script. Copy the folder server/ to where they can, such as /opt."
    [ -d "$data" ] || install --directory --mode=700 --owner="$user" --group="$(id -gn "$user")" "$data"
    cd "$data" || fail "$data cannot be entered."
    exec "${as[@]}" env HOME="$data" "$BASH" "$script" "$@"
}

# When a process began, in ticks since the machine's start: with it, a process number is never mistaken for a later one.
began() {
    local stat
    stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
    # The 20th word after the name in brackets, which may hold spaces itself.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    printf '%s\n' "${20}"
}
