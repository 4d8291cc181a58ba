# yyjson and hiredis for Debian 12, which has none or too old a one: packages of Debian 13, named in
# third_party.lock, fetched by apt from the mirror that this system uses, and unpacked into build/third_party.

THIRD_PARTY=$ROOT/build/third_party
THIRD_PARTY_LOCK=$ROOT/dev.d/third_party.lock

third_party() {
    [ "$DEBIAN" = bookworm ] || return 0
    local stamp
    stamp="$THIRD_PARTY $(sha256sum <"$THIRD_PARTY_LOCK")"
    if [ "$(cat "$THIRD_PARTY/stamp" 2>/dev/null)" != "$stamp" ]; then
        step third_party "fetching yyjson and hiredis from Debian 13" third_party_fetch
        echo "$stamp" >"$THIRD_PARTY/stamp"
    fi
    local pkgconfig=("$THIRD_PARTY"/sysroot/usr/lib/*/pkgconfig)
    export PKG_CONFIG_PATH=${pkgconfig[0]}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
}

# The mirror that this system has its own release from, whichever way its sources are written.
third_party_mirror() {
    apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$DEBIAN/.*|\1|p" | grep -v '^cdrom:' | head -n 1
}

# apt with sources, lists and cache of its own: the system's stay as they are.
third_party_apt() {
    local dir=$THIRD_PARTY/apt
    apt-get -q -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o Acquire::Languages=none \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# Prints the rows of the lock for this machine: suite package version sha256.
third_party_rows() {
    awk -v arch="$(dpkg --print-architecture)" '!/^#/ && $4 == arch { print $1, $2, $3, $5 }' "$THIRD_PARTY_LOCK"
}

# The checksums of the lock vouch for the files, so apt need not: an early Debian 12 has no key of 13.
third_party_sources() {
    local mirror
    mirror=$(third_party_mirror)
    [ -n "$mirror" ] || { echo "apt's sources name no mirror of $DEBIAN"; return 1; }
    third_party_rows | cut -d ' ' -f 1 | sort -u | while read -r suite; do
        echo "deb [trusted=yes] $mirror $suite main"
    done
}

third_party_fetch() {
    rm -rf "$THIRD_PARTY"
    mkdir -p "$THIRD_PARTY"/apt/{lists,cache/archives}/partial
    third_party_sources >"$THIRD_PARTY/apt/sources.list" || return
    third_party_apt update || return
    cd "$THIRD_PARTY/apt" && third_party_download && cd "$ROOT" || return
    third_party_pkgconfig
    rm -rf "$THIRD_PARTY/apt"
}

third_party_download() {
    local suite package version sha256 count=0
    while read -r suite package version sha256; do
        third_party_apt download "$package=$version" ||
            { echo "$suite has another $package by now: dev.d/third_party.lock is to be renewed"; return 1; }
        echo "$sha256  $(echo "$package"_*.deb)" | sha256sum --check || return
        dpkg -x "$package"_*.deb "$THIRD_PARTY/sysroot" || return
        count=$((count + 1))
    done < <(third_party_rows)
    [ "$count" -gt 0 ] || { echo "third_party.lock has nothing for this architecture"; return 1; }
}

# The packages believe to live in /usr, and hiredis to live in /usr/lib itself.
third_party_pkgconfig() {
    local usr=$THIRD_PARTY/sysroot/usr file
    for file in "$usr"/lib/*/pkgconfig/*.pc; do
        sed -i -e "s|=/usr|=$usr|" -e "s|^libdir=.*|libdir=$(dirname "$(dirname "$file")")|" "$file"
    done
}
