# What apt installs. Only what is missing is asked for, so that a second call costs nothing.

DEBIAN=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")

BUILD_PACKAGES=(
    build-essential meson ninja-build pkg-config python3
    libuv1-dev librdkafka-dev libmongoc-dev liblmdb-dev libwebsockets-dev libwebsockets-evlib-uv
    libyaml-dev libcyaml-dev libcmocka-dev uthash-dev libzstd-dev zlib1g-dev libssl-dev
    libcurl4-openssl-dev libexpat1-dev libglib2.0-dev tzdata libavro-dev libjemalloc-dev
)
# redis-tools holds the server's program as well; redis-server would only start a daemon.
TEST_PACKAGES=(redis-tools python3-venv maven ca-certificates zstd openssl)
CHECK_PACKAGES=(clang clang-format clang-tidy)
PEERS_PACKAGES=()
# The second holds flamegraph.pl.
FLAME_PACKAGES=(linux-perf libdevel-nytprof-perl)

case $DEBIAN in
bookworm)
    BUILD_PACKAGES+=(libmsgpack-dev)
    TEST_PACKAGES+=(openjdk-17-jre-headless libcurl4)
    PEERS_PACKAGES=(openjdk-17-jdk-headless)
    CHECK_PACKAGES+=(libclang-rt-14-dev)
    ;;
trixie)
    BUILD_PACKAGES+=(libmsgpack-c-dev libyyjson-dev libhiredis-dev)
    TEST_PACKAGES+=(openjdk-21-jre-headless libcurl4t64)
    PEERS_PACKAGES=(openjdk-21-jdk-headless)
    CHECK_PACKAGES+=(libclang-rt-19-dev)
    ;;
esac

# Prints those of the packages that are not installed.
missing_packages() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' | sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}

apt_install() {
    as_root apt-get -q update || echo "some lists could not be fetched; perhaps the packages are there all the same"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"
}

# need_packages WHAT_FOR PACKAGE...
need_packages() {
    local what=$1 missing
    shift
    case $DEBIAN in
    bookworm | trixie) ;;
    *)
        echo "dev: knows Debian 12 and 13 only; what is missing here is yours to install" >&2
        return
        ;;
    esac
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || step "packages-$what" "installing ${#missing[@]} packages to $what" \
        apt_install "${missing[@]}"
}

# A step of its own for the container image, where it is kept over changes of the sources.
dev_packages() {
    need_packages build "${BUILD_PACKAGES[@]}"
}

dev_setup() {
    need_packages develop "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${CHECK_PACKAGES[@]}" gcovr
    third_party
    use_hooks
    step servers "fetching the servers that tests use" fetch_servers
}

# Unless somebody has hooks of their own.
use_hooks() {
    in_git && ! git config core.hooksPath >/dev/null || return 0
    git config core.hooksPath .githooks
    echo "git now uses .githooks (git config --unset core.hooksPath to undo)" >&2
}

fetch_servers() {
    local name
    for name in python redis kafka mongod minio; do
        "tests/servers/$name.sh" install || return
    done
}
