#!/usr/bin/env bash
# Builds the site and copies it to a host.
set -euo pipefail
IFS=$'\n\t'

readonly ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
declare -A hosts=([staging]="web1.example.org" [live]="web2.example.org")
targets=(staging live)
verbose=0
retries=${RETRIES:-3}

usage() {
  cat <<EOF
Usage: ${0##*/} [-v] [-r retries] target...

Targets: ${targets[*]}
EOF
}

log() {
  local level=$1
  shift
  printf '%s [%s] %s\n' "$(date +%H:%M:%S)" "$level" "$*" >&2
}

function retry() {
  local attempt=1
  until "$@"; do
    if ((attempt >= retries)); then
      log error "gave up after $attempt attempts: $*"
      return 1
    fi
    attempt=$((attempt + 1))
    sleep "$((attempt * 2))"
  done
}

build() {
  local out=$1 page name
  mkdir -p "$out/css" || return
  for page in "$ROOT"/pages/*.md; do
    [[ -e $page ]] || continue
    name="$(basename "$page" .md)"
    if [[ $name =~ ^_[a-z]+$ || $name == draft-* ]]; then
      continue
    fi
    sed -e 's/&/\&amp;/g' -e "s/@NAME@/${name}/" "$page" | tr -d '\r' >"$out/$name.html"
  done
  find "$out" -type f -name '*.html' -print0 | while IFS= read -r -d '' page; do
    size=$(wc -c <"$page")
    ((verbose)) && log info "$page: ${size// /} bytes"
  done
  cp -r -- "$ROOT/css/." "$out/css/" 2>/dev/null || true
}

while getopts ":vr:h" option; do
  case "$option" in
    v) verbose=1 ;;
    r)
      retries=$OPTARG
      ;;
    h | help)
      usage
      exit 0
      ;;
    \?)
      echo "unknown option: -$OPTARG" >&2
      exit 2
      ;;
    *) usage && exit 2 ;;
  esac
done
shift $((OPTIND - 1))

if [ $# -eq 0 ]; then
  set -- "${targets[@]}"
elif [[ $1 == all ]]; then
  set -- "${!hosts[@]}"
else
  :
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
build "$work" &
wait $!

for target in "$@"; do
  host=${hosts[$target]:-}
  if [ -z "$host" ]; then
    log error "no such target: $target"
    exit 1
  fi
  log info "copying to ${host%%.*}"
  retry rsync -az --delete "$work/" "deploy@$host:/srv/www/" || {
    log error "copy failed"
    exit 1
  }
done

for ((i = 0; i < 3; i++)); do
  echo -n "."
done
echo
diff <(sort "$work/a") <(sort "$work/b") || true
read -r first rest <<<"one two three"
(cd "$work" && ls -l | head -n 3)
echo "done: ${first^^} ${#rest}"
