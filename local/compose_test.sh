#!/usr/bin/env bash
# docker-compose.yml for real (make test-compose): builds it, brings it up, takes the upload tour, tries the walls, and
# takes it down again with all that it kept. Exits with 1 at the first thing that is not as it should be.
#
# It uses docker compose where Docker's engine answers, else podman-compose; a project and ports of its own, so that a
# stack that runs already is left alone. The images stay, tagged `test`, for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

READY_SECONDS=120
SWEEP_SECONDS=60
RUNNING=(engine keys signer_service image_service metadata_service sweeper gateway)
CLOSED=(signer_service image_service)

say() { printf '\n--- %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() {
    printf '\nFAILED: %s\n' "$*" >&2
    exit 1
}

# --- what runs it --------------------------------------------------------------------------------------------

if docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then
    tool=(docker compose)
elif command -v podman-compose >/dev/null && command -v podman >/dev/null; then
    tool=(podman-compose)
else
    fail "neither is here: docker with its compose plugin and an engine that answers, or podman-compose with podman"
fi

# A port from $1 on that nobody listens on.
free_port() {
    local port
    while port=$(($1 + RANDOM % 3000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    printf '%s' "$port"
}

unset CORS_ORIGINS RATE_LIMIT
GATEWAY_PORT=$(free_port 20000) INTERNAL_PORT=$(free_port 23000) ENGINE_PORT=$(free_port 26000) IMAGE_TAG=test
export GATEWAY_PORT INTERNAL_PORT ENGINE_PORT IMAGE_TAG
gateway=http://127.0.0.1:$GATEWAY_PORT
internal=http://127.0.0.1:$INTERNAL_PORT
project=countersign-test-$$
work=$(mktemp -d)

compose() { "${tool[@]}" -p "$project" "$@"; }
inside() { compose exec -T "$@"; }
as_root_inside() { compose exec -T -u 0:0 "$@"; } # root without a capability: what only mounts can refuse
setup() { compose run --rm --no-deps -T setup "$@" 2>>"$work/setup.log" </dev/null; }

# Whatever happens, nothing of it is left running.
take_down() {
    status=$?
    trap - EXIT
    if [ $status -ne 0 ]; then
        printf '\n--- the last that each said\n' >&2
        for service in "${RUNNING[@]}" setup; do compose logs --tail 8 "$service" 2>&1 | tail -n 8 >&2; done
    fi
    say "taking it down, volumes and all"
    compose down -v -t 10 >"$work/down.log" 2>&1 || { cat "$work/down.log" >&2; status=1; }
    rm -rf "$work"
    [ $status -ne 0 ] || printf '\ntest-compose: all as it should be\n'
    exit $status
}
trap take_down EXIT
trap 'exit 130' INT TERM HUP

# --- small words ---------------------------------------------------------------------------------------------

# field NAME: the first text of that name in one line of JSON.
field() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'; }

# ask URL …: as Alice; the answer, which must be a 2xx.
ask() {
    curl -sS --max-time 60 --fail-with-body -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"
}

# status URL …: the status alone.
status() { curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "$@"; }

# wait_for SECONDS WHAT COMMAND…
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $deadline ] || fail "$what did not come true in time"
        sleep 0.5
    done
}

expect() { # expect WANTED GOT WHAT
    [ "$2" = "$1" ] || fail "$3: wanted '$1', got '$2'"
    note "$3: $2"
}

is_ready() { [ "$(status --max-time 5 "$gateway/readyz" 2>/dev/null)" = 200 ]; }
is_gone() { [ "$(status "$1")" = 404 ]; }

# picture SEED: a JPEG of 1600x1200, with noise so that it weighs something, and a comment that nobody should see again.
picture() {
    inside image_service python -c '
import random, sys
from PIL import Image
seed = int(sys.argv[1])
noise = Image.frombytes("RGB", (400, 300), random.Random(seed).randbytes(400 * 300 * 3))
noise.resize((1600, 1200)).save(sys.stdout.buffer, "JPEG", comment=b"taken-at-home")' "$1" </dev/null
}

# shape FILE: format, width and height, once it is decoded whole.
shape() {
    inside image_service python -c '
import io, sys
from PIL import Image
opened = Image.open(io.BytesIO(sys.stdin.buffer.read()))
opened.load()
print(opened.format, *opened.size)' <"$1"
}

# upload FILE: ask, PUT to S3; leaves upload_id and key set.
upload() {
    local place
    place=$(ask "$gateway/upload-url" -d '{"file_type": "profile_image", "content_type": "image/jpeg"}')
    upload_id=$(field upload_id <<<"$place")
    object_key=$(field key <<<"$place")
    ask_s3 "$(field upload_url <<<"$place")" "$1"
}

ask_s3() {
    [[ $1 == "http://127.0.0.1:$ENGINE_PORT/"* ]] || fail "the upload's URL is not on the published engine: $1"
    expect 200 "$(status -X PUT -H 'Content-Type: image/jpeg' --data-binary "@$2" "$1")" "PUT to S3, straight from here"
}

complete() { ask "$gateway/uploads/$upload_id/complete" -d '{}'; }

# --- the stack -----------------------------------------------------------------------------------------------

say "building, with ${tool[*]} (the first time takes minutes)"
compose build >"$work/build.log" 2>&1 || { tail -n 60 "$work/build.log" >&2; fail "the build"; }

say "up, as $project, on $gateway"
compose up -d >"$work/up.log" 2>&1 || { tail -n 60 "$work/up.log" >&2; fail "up"; }
began=$SECONDS
wait_for $READY_SECONDS "GET /readyz 200 through the gateway" is_ready
note "ready after $((SECONDS - began)) s: $(curl -sS "$gateway/readyz")"

# --- the tour ------------------------------------------------------------------------------------------------

say "Alice uploads a picture"
token=$(setup token alice)
[[ $token == *.*.* ]] || fail "no token of Alice: $(tail -n 5 "$work/setup.log")"
ask "$gateway/profiles" -d '{"username": "alice", "full_name": "Alice Liddell"}' >/dev/null
picture 1 >"$work/first.jpg"
expect "JPEG 1600 1200" "$(shape "$work/first.jpg")" "the picture"
upload "$work/first.jpg"
answer=$(complete)
expect ready "$(field state <<<"$answer")" "complete"
first_key=$object_key
first_url=$(field 150 <<<"$answer")

say "it comes back made anew, in every size"
for size in "150 JPEG 150 150" "400 JPEG 400 400" "800 JPEG 800 600"; do
    url=$(field "${size%% *}" <<<"$answer")
    curl -sSL --max-time 30 --fail-with-body -o "$work/size.jpg" "$url" || fail "GET $url"
    expect "${size#* }" "$(shape "$work/size.jpg")" "GET …${url##*/}"
    ! grep -q taken-at-home "$work/size.jpg" || fail "the comment came through"
done
expect 302 "$(status "$gateway/profiles/alice/avatar")" "the avatar, for everyone"
first_signed=$(curl -sS --max-time 30 -o /dev/null -w '%{redirect_url}' "$first_url")
expect 200 "$(status "$first_signed")" "its signed URL"

say "what is no picture is refused"
printf '<html><script>alert(1)</script></html>' >"$work/page.jpg"
upload "$work/page.jpg"
expect 422 "$(status -H "Authorization: Bearer $token" -X POST -H 'Content-Type: application/json' -d '{}' \
    "$gateway/uploads/$upload_id/complete")" "complete of a page that says it is a JPEG"

say "she replaces it, and the sweeper takes the old one away"
picture 2 >"$work/second.jpg"
upload "$work/second.jpg"
expect ready "$(complete | field state)" "complete"
replaced=$SECONDS
expect "$object_key" "$(ask "$gateway/users/me/picture" | field key)" "her picture now"
[ "$object_key" != "$first_key" ] || fail "the second upload has the first one's key"
wait_for $SWEEP_SECONDS "the old picture's end in S3" is_gone "$first_signed"
note "the old one's signed URL: 404, $((SECONDS - replaced)) s after"

say "the internal listener answers on its own port, and what is internal is not on the public one"
expect 200 "$(status "$internal/healthz")" "GET /healthz, internal"
expect 404 "$(status -X POST -d '{}' "$gateway/internal/v1/signed-urls")" "an internal path on the public listener"
[[ $(setup service-token demo) == *.*.* ]] || fail "no service token: $(tail -n 5 "$work/setup.log")"

say "setting up again keeps what is there"
setup deploy >/dev/null || fail "setup deploy: $(tail -n 5 "$work/setup.log")"
token=$(setup token alice)
expect "$object_key" "$(ask "$gateway/users/me/picture" | field key)" "her picture still"

# --- the walls -----------------------------------------------------------------------------------------------

# Where does a connection get to? Prints `connected`, or why not.
connect() {
    inside "$1" python -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("connected")
except OSError as refusal:
    print(type(refusal).__name__)' "$2" "$3" </dev/null
}

interfaces() { inside "$1" sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1 | xargs' </dev/null; }
default_routes() { inside "$1" sh -c 'tail -n +2 /proc/net/route | cut -f2 | grep -cx 00000000 || true' </dev/null; }

say "no network in ${CLOSED[*]}; to others the engine, and nothing beyond"
engine_address=$(inside metadata_service python -c 'import socket; print(socket.gethostbyname("engine"))' </dev/null)
expect connected "$(connect metadata_service "$engine_address" 4566)" "the control: metadata_service to the engine"
for service in "${CLOSED[@]}"; do
    expect lo "$(interfaces "$service")" "interfaces of $service"
    for place in "$engine_address 4566" "192.0.2.1 80" "engine 4566"; do
        reached=$(connect "$service" ${place% *} ${place#* })
        [ "$reached" != connected ] && [ -n "$reached" ] || fail "$service reached $place"
    done
    note "$service to the engine, and elsewhere: $reached"
done
for service in keys metadata_service sweeper; do
    expect 0 "$(default_routes "$service")" "ways out of the internal network for $service"
done

say "every process a user of its own, with no capability, on a filesystem that nobody can write"
users=
for service in "${RUNNING[@]}"; do
    user=$(inside "$service" id -u </dev/null)
    [ "$user" != 0 ] || fail "$service is root"
    users="$users $user"
    standing=$(inside "$service" sh -c 'grep -E "^(CapEff|CapBnd|NoNewPrivs|Uid)" /proc/1/status | xargs' </dev/null)
    expect "Uid: $user $user $user $user CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1" \
        "$standing" "$service"
    for folder in / /app /etc /usr/bin; do
        said=$(as_root_inside "$service" sh -c "touch $folder/intruder 2>&1" </dev/null || true)
        [[ $said == *"Read-only file system"* ]] || fail "$service: $folder can be written: $said"
    done
done
expect ${#RUNNING[@]} "$(tr ' ' '\n' <<<"$users" | sort -u | grep -c .)" "different users"

filters() { inside "$1" sh -c 'sed -n "s/^Seccomp_filters:[[:space:]]*//p" /proc/1/status' </dev/null; }
[ "$(filters image_service)" -gt "$(filters signer_service)" ] || fail "image_service has no filter of its own"
note "image_service has a seccomp filter of its own, beside the container's"

say "nobody has another's secrets, in files or in the environment"
# All that a process was handed and that is secret, a line each.
secrets_of() {
    inside "$1" sh -c 'cat /run/countersign/own/* /run/countersign/own/identities/* 2>/dev/null || true' </dev/null |
        grep -oE '("(secret_access_key|d|secret)": "|aws_secret_access_key = |AWS_SECRET_ACCESS_KEY=)[^"]+' |
        sed -E 's/.*(: "|= |=)//' || true
}
# Which files, or `environment`, hold one of the lines on stdin. All that the process's user can read is searched.
holders() {
    inside "$1" sh -c '
        cat >/tmp/wanted
        env | grep -qF -f /tmp/wanted && echo environment
        grep -rlsIF -f /tmp/wanted --exclude=wanted / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev
        rm /tmp/wanted'
}
declare -A secrets
for service in "${RUNNING[@]}"; do secrets[$service]=$(secrets_of "$service"); done
for holder in "engine 1" "signer_service 4" "metadata_service 2" "sweeper 2" "gateway 0" "keys 0" "image_service 0"; do
    expect "${holder#* }" "$(grep -c . <<<"${secrets[${holder% *}]}" || true)" "secrets of ${holder% *}"
done
for service in "${RUNNING[@]}"; do
    others=$(for other in "${RUNNING[@]}"; do
        [ "$other" = "$service" ] || printf '%s\n' "${secrets[$other]}"
    done | grep .)
    found=$(holders "$service" <<<"$others" || true)
    # The engine keeps the identities it made, as AWS does; no grant key and no receipt key.
    if [ "$service" = engine ]; then found=$(grep -v '^/var/lib/engine/' <<<"$found" || true); fi
    [ -z "$found" ] || fail "$service holds another's secret: $found"
    if [ -n "${secrets[$service]}" ]; then
        [ -n "$(holders "$service" <<<"${secrets[$service]}" || true)" ] || fail "the search finds nothing in $service"
        note "$service: its own, found by the same search, and no other's"
    else
        note "$service: none"
    fi
done

say "each image holds one service's code"
for pair in "signer_service signer_service" "metadata_service metadata_service" "image_service image_service" \
    "gateway gateway" "engine guard.py"; do
    expect "${pair#* }" "$(inside "${pair% *}" ls /app </dev/null | xargs)" "/app of ${pair% *}"
done
