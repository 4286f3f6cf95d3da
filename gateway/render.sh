#!/bin/sh
# Renders nginx's configuration from the environment: sh gateway/render.sh DIR
#
# DIR (by default $NGINX_DIR) becomes nginx's own folder: the configuration, its pid, its temporary files. The variables
# are those of deploy/env/gateway.env.example. Every fault is reported at once, and then the exit status is 2; one that
# could not write exits with 1. POSIX sh and awk (mawk too), so that it runs in a bare Debian image.
set -u
LC_ALL=C
export LC_ALL
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
out=${1:-${NGINX_DIR:-}}
faults=0

fault() {
    printf 'gateway: %s\n' "$*" >&2
    faults=$((faults + 1))
}

# fits VALUE PATTERN: whether the whole value, with all its lines, is what the pattern says.
fits() { VALUE=$1 PATTERN="^($2)\$" awk 'BEGIN { exit ENVIRON["VALUE"] !~ ENVIRON["PATTERN"] }'; }

# must_fit NAME VALUE PATTERN WHAT
must_fit() { fits "$2" "$3" || fault "$1 must be $4, and is '$2'."; }

# --- what it must never hold ---------------------------------------------------------------------------------

forbidden_names() {
    awk 'BEGIN {
        for (name in ENVIRON) if (ENVIRON[name] != "" && is_credential(name)) print name
    }
    function is_credential(name) {
        return name ~ /SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY|SIGNING_KEY|UPLOAD_KEY|READ_KEY/ ||
            name ~ /^AWS_(SESSION|SECURITY|SHARED|CONTAINER|WEB_IDENTITY|PROFILE|CONFIG|BEARER|ROLE)/ ||
            name ~ /(^|_)(GRANT|RECEIPT|TOKEN|API|S3|JWT|HMAC)_KEYS?(_FILE|_ID)?$/ ||
            name ~ /_TOKEN$/ || name == "IDENTITIES_DIR"
    }' | sort
}

refuse_credentials() {
    for name in $(forbidden_names); do
        fault "$name must not be set: the gateway holds no credential and no signing key."
    done
}

# --- what each value must be ---------------------------------------------------------------------------------

IPV4='[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+'
IPV6='[0-9a-fA-F:.]*:[0-9a-fA-F:.]*'
LISTEN="([*]:|$IPV4:|[[]$IPV6[]]:)?[0-9]+"
HOST='[a-z0-9]([a-z0-9.-]*[a-z0-9])?'
ORIGIN="https?://($HOST|[[]$IPV6[]])(:[0-9]+)?"
# Paths stand between quotation marks in the configuration: what would end them, or name a variable, is refused.
FILE_PATH='/[^"\\$;{}@[:cntrl:]]*'

is_port() { fits "$1" '[1-9][0-9]?[0-9]?[0-9]?[0-9]?' && [ "$1" -le 65535 ]; }

must_listen() {
    if ! fits "$2" "$LISTEN" || ! is_port "${2##*:}"; then
        fault "$1 must be a port or an address and a port, such as 127.0.0.1:8080, and is '$2'."
    fi
}

must_be_upstream() {
    case $2 in
        unix:*) must_fit "$1" "$2" "unix:$FILE_PATH" "unix:/path/of.sock or host:port" ;;
        *)
            if ! fits "$2" "($HOST|[[]$IPV6[]]):[0-9]+" || ! is_port "${2##*:}"; then
                fault "$1 must be unix:/path/of.sock or host:port, and is '$2'."
            fi
            ;;
    esac
}

is_origin() {
    fits "$1" "$ORIGIN" || return 1
    after_scheme=${1#*://}
    case ${after_scheme##*]} in *:*) is_port "${after_scheme##*:}" ;; esac
}

must_be_origin() {
    [ -z "$2" ] || is_origin "$2" ||
        fault "$1 must be an origin such as https://example.org, without a path, and is '$2'."
}

is_network() {
    awk -v network="$1" 'BEGIN {
        parts = split(network, part, "/")
        is_v6 = index(part[1], ":") > 0
        if (parts > 2 || (parts == 2 && part[2] !~ /^[1-9][0-9]*$/)) exit 1
        if (parts == 2 && part[2] + 0 > (is_v6 ? 128 : 32)) exit 1
        if (is_v6) exit part[1] !~ /^[0-9a-fA-F:.]+$/
        if (split(part[1], octet, ".") != 4) exit 1
        for (place = 1; place <= 4; place++) if (octet[place] !~ /^[0-9]+$/ || octet[place] > 255) exit 1
    }'
}

# The parts of a comma list, a line each, without the blanks around them; empty ones are dropped.
listed() { printf '%s\n' "$1" | awk '{ gsub(/,/, "\n"); print }' | awk 'NF { gsub(/^[ \t]+|[ \t]+$/, ""); print }'; }

each_must_be() {
    listed "$2" | while IFS= read -r part; do
        "$3" "$part" || printf '%s\n' "$part"
    done | awk -v name="$1" -v what="$4" '{ printf "gateway: %s must list %s, and has \047%s\047.\n", name, what, $0 }
        END { exit NR > 0 }' >&2 || faults=$((faults + 1))
}

check() {
    refuse_credentials
    must_fit "NGINX_DIR (or DIR)" "$out" "$FILE_PATH" "an absolute path without quotation marks and the like"
    must_fit "the gateway's own folder" "$here" "$FILE_PATH" "a path without quotation marks and the like"
    must_listen GATEWAY_LISTEN "$GATEWAY_LISTEN"
    must_listen INTERNAL_LISTEN "$INTERNAL_LISTEN"
    # Also on two addresses: nginx would choose between the two by the address a connection came to.
    [ "${GATEWAY_LISTEN##*:}" != "${INTERNAL_LISTEN##*:}" ] ||
        fault "INTERNAL_LISTEN must have another port than GATEWAY_LISTEN, and has the same, ${INTERNAL_LISTEN##*:}."
    must_be_upstream METADATA_UPSTREAM "$METADATA_UPSTREAM"
    must_be_upstream SIGNER_UPSTREAM "$SIGNER_UPSTREAM"
    fits "$RATE_LIMIT" 'off|[1-9][0-9]?[0-9]?[0-9]?[0-9]?[0-9]?' ||
        fault "RATE_LIMIT must be requests a second, from 1 to 999999, or 'off', and is '$RATE_LIMIT'."
    each_must_be CORS_ORIGINS "$CORS_ORIGINS" is_origin "origins such as https://example.org"
    each_must_be TRUSTED_PROXIES "$TRUSTED_PROXIES" is_network "addresses or networks such as 10.0.0.0/8 (but not all)"
    must_be_origin S3_PUBLIC_ENDPOINT "$S3_PUBLIC_ENDPOINT"
    must_be_origin TOKEN_ENDPOINT "$TOKEN_ENDPOINT"
    must_fit TOKEN_CLIENT_ID "$TOKEN_CLIENT_ID" '[A-Za-z0-9_+.-]*' "a client id of the user pool"
}

# --- rendering -----------------------------------------------------------------------------------------------

cors_origin_lines() {
    listed "$CORS_ORIGINS" | awk '{ pattern = $0; gsub(/[][.]/, "[&]", pattern); sub(/\[\[\]/, "\\[", pattern)
        sub(/\[\]\]/, "\\]", pattern); printf "    \"~^%s$\" \"%s\";\n", pattern, $0 }'
}
trusted_proxy_lines() { listed "$TRUSTED_PROXIES" | awk '{ printf "set_real_ip_from %s;\n", $0 }'; }
trusted_proxy_geo() { listed "$TRUSTED_PROXIES" | awk '{ printf "    %s 1;\n", $0 }'; }

# A source for the page's policy, after a space; nothing where there is none, or where it is there already.
policy_source() { [ -z "$1" ] || [ "$1" = "${2:-}" ] || printf ' %s' "$1"; }

set_values() {
    limit=$RATE_LIMIT is_on=1
    if [ "$limit" = off ]; then limit=50 is_on=0; fi
    export V_DIR="$out" V_WWW="$here/www"
    export V_GATEWAY_LISTEN="$GATEWAY_LISTEN" V_INTERNAL_LISTEN="$INTERNAL_LISTEN"
    export V_INTERNAL_PORT="${INTERNAL_LISTEN##*:}"
    export V_METADATA_UPSTREAM="$METADATA_UPSTREAM" V_SIGNER_UPSTREAM="$SIGNER_UPSTREAM"
    export V_RATE_LIMIT="$limit" V_RATE_LIMIT_IS_ON="$is_on" V_BURST="$((limit * 2))"
    V_CORS_ORIGIN_LINES=$(cors_origin_lines)
    V_TRUSTED_PROXY_LINES=$(trusted_proxy_lines)
    V_TRUSTED_PROXY_GEO=$(trusted_proxy_geo)
    V_S3_SOURCE=$(policy_source "$S3_PUBLIC_ENDPOINT")
    V_TOKEN_SOURCE=$(policy_source "$TOKEN_ENDPOINT" "$S3_PUBLIC_ENDPOINT")
    export V_CORS_ORIGIN_LINES V_TRUSTED_PROXY_LINES V_TRUSTED_PROXY_GEO V_S3_SOURCE V_TOKEN_SOURCE
    export V_TOKEN_ENDPOINT="$TOKEN_ENDPOINT" V_TOKEN_CLIENT_ID="$TOKEN_CLIENT_ID"
}

# Each @NAME@ becomes the value V_NAME, as text; what nobody set is a mistake of ours.
render() {
    awk '{
        line = ""
        while (match($0, /@[A-Z0-9_]+@/)) {
            name = "V_" substr($0, RSTART + 1, RLENGTH - 2)
            if (!(name in ENVIRON)) { print FILENAME ": no value for " name > "/dev/stderr"; exit 1 }
            line = line substr($0, 1, RSTART - 1) ENVIRON[name]
            $0 = substr($0, RSTART + RLENGTH)
        }
        print line $0
    }' "$1" >"$2.new" && mv "$2.new" "$2"
}

render_all() {
    mkdir -p "$out/conf.d" "$out/snippets" "$out/www" "$out/temp" || return 1
    for file in nginx.conf conf.d/*.conf snippets/*.conf; do
        render "$file" "$out/$file" || return 1
    done
    render www/settings.json.template "$out/www/settings.json"
}

GATEWAY_LISTEN=${GATEWAY_LISTEN:-127.0.0.1:8080}
INTERNAL_LISTEN=${INTERNAL_LISTEN:-127.0.0.1:8081}
METADATA_UPSTREAM=${METADATA_UPSTREAM:-}
SIGNER_UPSTREAM=${SIGNER_UPSTREAM:-}
RATE_LIMIT=${RATE_LIMIT:-50}
CORS_ORIGINS=${CORS_ORIGINS:-}
TRUSTED_PROXIES=${TRUSTED_PROXIES:-}
S3_PUBLIC_ENDPOINT=${S3_PUBLIC_ENDPOINT:-}
TOKEN_ENDPOINT=${TOKEN_ENDPOINT:-}
TOKEN_CLIENT_ID=${TOKEN_CLIENT_ID:-}

check
[ "$faults" -eq 0 ] || exit 2
set_values
cd -- "$here" && render_all || { printf 'gateway: could not write the configuration to %s\n' "$out" >&2; exit 1; }
