#!/usr/bin/env bash
# certs.sh DIR: certificates for tests, made once. ca signs server, client, wrongname (another host's) and expired;
# badca, which nobody trusts, signs badserver. NAME.pem holds the certificate and its key.
set -euo pipefail

dir=${1:?usage: certs.sh DIR}
mkdir -p "$dir"
cd "$dir"
exec 9>.lock
flock 9
[ ! -e done ] || exit 0

key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
here=DNS:localhost,IP:127.0.0.1,IP:::1

authority() { # NAME
    openssl req -x509 "${key[@]}" -days 3650 -keyout "$1.key" -out "$1.crt" -subj "/CN=$1" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

request() { # NAME
    openssl req -new "${key[@]}" -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
}

leaf() { # NAME ISSUER USE SUBJECT_NAMES
    request "$1"
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 -out "$1.crt" -extfile \
        <(printf 'subjectAltName=%s\nextendedKeyUsage=%s\nbasicConstraints=CA:FALSE\n' "$4" "$3")
}

# `x509 -days` takes no negative number before OpenSSL 3.2; `ca` takes dates.
expired_leaf() { # NAME ISSUER USE SUBJECT_NAMES
    request "$1"
    mkdir -p db
    : >db/index.txt
    echo 01 >db/serial
    cat >db/conf <<END
[ca]
default_ca=d
[d]
new_certs_dir=db
database=db/index.txt
serial=db/serial
default_md=sha256
policy=p
x509_extensions=x
[p]
commonName=supplied
[x]
subjectAltName=$4
extendedKeyUsage=$3
END
    openssl ca -batch -notext -config db/conf -cert "$2.crt" -keyfile "$2.key" -in "$1.csr" -out "$1.crt" \
        -startdate 20200101000000Z -enddate 20200102000000Z
}

make_all() {
    authority ca
    authority badca
    leaf server ca serverAuth "$here"
    leaf client ca clientAuth "$here"
    leaf badserver badca serverAuth "$here"
    leaf wrongname ca serverAuth DNS:other.invalid
    expired_leaf expired ca serverAuth "$here"
    local name
    for name in server client badserver wrongname expired; do
        cat "$name.crt" "$name.key" >"$name.pem"
    done
    chmod 600 ./*.key ./*.pem
    rm -rf db ./*.csr
}

umask 077
make_all >log 2>&1 || { cat log >&2; exit 1; }
: >done
