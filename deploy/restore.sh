#!/usr/bin/env bash
# A backup, tried or put in place: deploy/restore.sh FILE [--keep | --replace]
#
# Restores FILE into a database of its own beside the real one, after comparing its checksum, and looks at every rule
# of the data there (verify_data). Then, and only if all is well:
#   (nothing)   that database goes again: a drill, which touches nothing
#   --keep      it stays, and its name is printed
#   --replace   it takes the place of the real one, which stays beside it as gestiones_antes_YYYYMMDDHHMMSS
# With DATABASE_URL it works on that server with psql and .venv; without, through compose.yaml.
# Exit status: 0 done, 1 not: the real database is as it was.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
usage() { die "Uso: deploy/restore.sh COPIA.dump [--keep | --replace]"; }

file=${1:-} mode=${2:-drill}
if [ -z "$file" ] || [ $# -gt 2 ]; then usage; fi
case $mode in drill | --keep | --replace) ;; *) usage ;; esac
[ -r "$file" ] || die "No se puede leer $file."

now=$(date +%Y%m%d%H%M%S)
if [ -n "${DATABASE_URL:-}" ]; then
  base=${DATABASE_URL%%\?*} query=
  [ "$base" = "$DATABASE_URL" ] || query="?${DATABASE_URL#*\?}"
  server=${base%/*} name=${base##*/}
  url_of() { printf '%s/%s%s' "$server" "$1" "$query"; }
  # From a database that is none of the two, so that both may be renamed.
  sql() { psql --quiet --no-psqlrc --tuples-only --no-align -v ON_ERROR_STOP=1 --dbname "$(url_of postgres)" -c "$1"; }
  load() { pg_restore --exit-on-error --no-owner --no-privileges --dbname "$(url_of "$1")" "$file"; }
  analyze() { psql --quiet --no-psqlrc --dbname "$(url_of "$1")" -c ANALYZE; }
  verify() { DATABASE_URL=$(url_of "$1") "${PYTHON:-.venv/bin/python}" manage.py verify_data; }
  stop_users() { say "Detenga los procesos que usan la base (web, worker, scheduler) antes de --replace."; }
  start_users() { say "Arranque otra vez web, worker y scheduler."; }
else
  name=gestiones
  in_db() { docker compose exec -T db "$@"; }
  sql() { in_db psql --quiet --no-psqlrc --tuples-only --no-align -v ON_ERROR_STOP=1 -U gestiones_user -d postgres -c "$1"; }
  load() { in_db pg_restore --exit-on-error --no-owner --no-privileges -U gestiones_user -d "$1" <"$file"; }
  analyze() { in_db psql --quiet --no-psqlrc -U gestiones_user -d "$1" -c ANALYZE; }
  verify() {
    docker compose run --rm --no-deps -T -e DATABASE_URL="postgres://gestiones_user@db:5432/$1" worker \
      python manage.py verify_data
  }
  stop_users() { docker compose stop web worker scheduler; }
  start_users() { docker compose up -d; }
fi
[[ $name =~ ^[A-Za-z0-9_]+$ ]] || die "El nombre de la base, «$name», no es uno que esto sepa manejar."
scratch=${name}_restaurada_$now

if [ -r "$file.sha256" ]; then
  (cd "$(dirname "$file")" && sha256sum --quiet --check "$(basename "$file").sha256") ||
    die "La copia está dañada: su contenido no es el de $file.sha256. Use otra."
else
  say "Aviso: no está $file.sha256, así que no se puede saber si la copia está entera."
fi

kept=
forget() { [ -n "$kept" ] || sql "DROP DATABASE IF EXISTS \"$scratch\"" >/dev/null || true; }
trap forget EXIT

say "Restaurando en $scratch…"
sql "CREATE DATABASE \"$scratch\"" >/dev/null
load "$scratch" || die "La copia no se pudo restaurar; el motivo está arriba. La base «$name» no cambió."
analyze "$scratch"
say "Verificando los datos…"
verify "$scratch" || die "La copia tiene datos que no respetan las reglas (arriba). La base «$name» no cambió."

case $mode in
drill)
  say "La copia sirve: se restauró y sus datos están bien. No se cambió nada."
  ;;
--keep)
  kept=1
  say "La base restaurada queda como $scratch."
  printf '%s\n' "$scratch"
  ;;
--replace)
  former=${name}_antes_$now
  stop_users
  exists=$(sql "SELECT 1 FROM pg_database WHERE datname = '$name'")
  if [ "$exists" = 1 ]; then
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$name'" >/dev/null
    sql "ALTER DATABASE \"$name\" RENAME TO \"$former\"" ||
      die "No se pudo apartar la base «$name» (¿alguien sigue conectado?): no cambió nada."
  fi
  sql "ALTER DATABASE \"$scratch\" RENAME TO \"$name\"" || {
    [ "$exists" != 1 ] || sql "ALTER DATABASE \"$former\" RENAME TO \"$name\""
    die "No se pudo poner la copia en su lugar: la base «$name» sigue siendo la de antes."
  }
  kept=1
  start_users
  say "Listo: «$name» es ahora la copia. La anterior quedó como «$former»; cuando no haga falta:"
  say "  DROP DATABASE \"$former\";"
  ;;
esac
