#!/usr/bin/env bash
# Creates a cluster's own certificate authority and a certificate for each silo.
# usage: certificates.sh FOLDER SILO...     (DAYS=365 NAME=vault-cluster)
# Keep ca.key away from the silos. To renew, run it again: it uses the existing authority, and silos reload new files.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
folder=$1; shift
days=${DAYS:-365} name=${NAME:-vault-cluster}
mkdir -p -m 700 "$folder"
cd "$folder"
umask 177
if [ ! -f ca.key ]; then
  openssl ecparam -name prime256v1 -genkey -noout -out ca.key
  openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj "/CN=$name authority" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out ca.crt
fi
for silo in "$@"; do
  openssl ecparam -name prime256v1 -genkey -noout -out "$silo.key"
  openssl req -new -key "$silo.key" -subj "/CN=$silo" -out "$silo.csr"
  openssl x509 -req -in "$silo.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days "$days" -out "$silo.crt" \
    -extfile <(printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n' "$name") 2>/dev/null
  rm -f "$silo.csr"
  echo "$PWD/$silo.crt"
done
