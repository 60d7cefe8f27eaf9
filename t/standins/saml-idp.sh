#!/usr/bin/env bash
# Starts SimpleSAMLphp as the university's sign-in: saml-idp.sh FOLDER PORT BASE-URL CERTIFICATE, with the portal's base URL and its certificate (a PEM file).
# Its metadata are FOLDER/idp.xml before it says "ready". To be started by setsid and ended as a group: PHP's server leaves its children behind.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 port=$2 base=$3 idp=http://localhost:$2
certificate=$(sed '/-----/d' "$4" | tr -d '\n')
program=/usr/share/simplesamlphp/www
[ -d $program ] || { echo "simplesamlphp is missing: script/setup" >&2; exit 1; }
mkdir -p "$folder"/{config,metadata,cert,data,tmp,log}
for file in config/config config/authsources metadata/saml20-idp-hosted metadata/saml20-sp-remote; do
  sed -e "s|@TOP@|$top|g; s|@DIR@|$folder|g; s|@IDP@|$idp|g; s|@BASE@|$base|g; s|@CERTIFICATE@|$certificate|g" "$top/t/standins/saml/${file#*/}.php" >"$folder/$file.php"
done
[ -f "$folder/cert/idp.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=idp -keyout "$folder/cert/idp.key" -out "$folder/cert/idp.crt" 2>/dev/null
SIMPLESAMLPHP_CONFIG_DIR=$folder/config php -S "localhost:$port" -t $program &
curl -sf --retry 60 --retry-all-errors --retry-delay 1 -o "$folder/idp.xml" "$idp/saml2/idp/metadata.php"
echo ready
wait
