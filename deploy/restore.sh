#!/usr/bin/env bash
# A backup, tried or put in place:
#   deploy/restore.sh FILE [--keep | --replace [--accept-findings]]
#   deploy/restore.sh --remove DATABASE…
#
# Restores FILE into a database of its own beside the real one, after comparing its checksum, and looks at every rule
# of the data there (verify_data); a copy of an older version is brought up to date first. Then:
#   (nothing)   that database goes again: a drill, which touches nothing
#   --keep      it stays, whatever was found in it, and its name is printed
#   --replace   it takes the place of the real one, which stays beside it as gestiones_antes_YYYYMMDDHHMMSS. A copy in
#               which something was found is refused, unless --accept-findings comes with it
# Every run names the databases that earlier ones left beside the real one; --remove deletes those that it is given.
# With DATABASE_URL it works on that server with psql and .venv; without, through compose.yaml.
# Exit status: 0 done, 1 not: the real database is as it was, 3 kept, with something found in it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
loudly() { # so that nobody misses it under a page of findings
  say "════════════════════════════════════════════════════════════════════════"
  say "ATENCIÓN: $1"
  shift
  for line in "$@"; do say "  $line"; done
  say "════════════════════════════════════════════════════════════════════════"
}
usage() {
  say "Uso: deploy/restore.sh COPIA.dump [--keep | --replace [--accept-findings]]"
  die "     deploy/restore.sh --remove BASE…"
}

file='' mode=drill accepts=''
case $# in 0) usage ;; esac
if [ "$1" = --remove ]; then
  mode=--remove
  shift
  [ $# -gt 0 ] || usage
else
  file=$1
  case "${*:2}" in
  '') ;;
  --keep | --replace) mode=$2 ;;
  '--replace --accept-findings') mode=$2 accepts=1 ;;
  *) usage ;;
  esac
  [ -r "$file" ] || die "No se puede leer $file."
fi

now=$(date +%Y%m%d%H%M%S)
psql_with() { # ARGUMENT…; PostgreSQL's client, where the server is
  "${psql[@]}" --quiet --no-psqlrc --tuples-only --no-align -v ON_ERROR_STOP=1 "$@"
}
if [ -n "${DATABASE_URL:-}" ]; then
  base=${DATABASE_URL%%\?*} query=
  [ "$base" = "$DATABASE_URL" ] || query="?${DATABASE_URL#*\?}"
  server=${base%/*} name=${base##*/}
  url_of() { printf '%s/%s%s' "$server" "$1" "$query"; }
  psql=(psql)
  of() { printf -- '--dbname=%s' "$(url_of "$1")"; }
  load() { pg_restore --exit-on-error --no-owner --no-privileges --dbname "$(url_of "$1")" "$file"; }
  manage() { DATABASE_URL=$(url_of "$1") "${PYTHON:-.venv/bin/python}" manage.py "${@:2}"; }
  stop_users() { say "Detenga los procesos que usan la base (web, worker, scheduler) antes de --replace."; }
  start_users() { say "Arranque otra vez web, worker y scheduler."; }
else
  name=gestiones
  psql=(docker compose exec -T db psql --username gestiones_user)
  of() { printf -- '--dbname=%s' "$1"; }
  load() {
    docker compose exec -T db pg_restore --exit-on-error --no-owner --no-privileges -U gestiones_user -d "$1" <"$file"
  }
  manage() {
    docker compose run --rm --no-deps -T -e DATABASE_URL="postgres://gestiones_user@db:5432/$1" worker \
      python manage.py "${@:2}"
  }
  stop_users() { docker compose stop web worker scheduler; }
  start_users() { docker compose up -d; }
fi
[[ $name =~ ^[A-Za-z0-9_]+$ ]] || die "El nombre de la base, «$name», no es uno que esto sepa manejar."
[ ${#name} -le 36 ] || die "El nombre de la base, «$name», es demasiado largo: PostgreSQL cortaría el de la copia."
scratch=${name}_restaurando_$now kept_name=${name}_restaurada_$now former=${name}_antes_$now

# From a database that is none of those at work, so that each of them may be renamed.
sql() { psql_with "$(of postgres)" "${@/#/--command=}"; }
sessions_end() { # DATABASE; those of the programs: autovacuum leaves by itself, and may not be sent away
  printf "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" "$1"
  printf " AND backend_type = 'client backend' AND pg_has_role(usesysid, 'MEMBER')"
}
exists() { [ "$(sql "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]; }
drop() { sql "$(sessions_end "$1")" "DROP DATABASE \"$1\"" >/dev/null; }

folder=${BACKUP_DIR:-backups}
mkdir -p "$folder" || die "No se puede crear la carpeta $folder."
exec 9>"$folder/.restore.lock"
flock --nonblock 9 || die "Ya hay una restauración en marcha: espere a que termine."

name_the_others() { # what restores left beside the real database: whole copies of people's data
  local others other why
  others=$(sql "SELECT datname FROM pg_database
    WHERE datname ~ '^${name}_(restaurando|restaurada|antes)_[0-9]{14}\$' ORDER BY datname") || return 0
  [ -n "$others" ] || return 0
  say "Al lado de «$name» hay otras bases, con los datos de las personas:"
  for other in $others; do
    case $other in
    *_restaurando_*) why="quedó de una restauración que se cortó" ;;
    *_restaurada_*) why="una copia restaurada con --keep" ;;
    *) why="la que estaba antes de un --replace" ;;
    esac
    say "  $other: $why"
  done
  say "Lo que no haga falta se borra así: deploy/restore.sh --remove BASE"
}

made='' stopped=''
finish() { # however it ends
  [ -z "$made" ] || drop "$scratch" || true
  [ -z "$stopped" ] || start_users || say "No se pudo arrancar: ejecute docker compose up -d"
  name_the_others
}
trap finish EXIT

if [ "$mode" = --remove ]; then
  for other in "$@"; do
    [[ $other =~ ^${name}_(restaurando|restaurada|antes)_[0-9]{14}$ ]] ||
      die "«$other» no es una base que haya dejado una restauración de «$name»: no se borró."
    exists "$other" || die "No existe la base «$other»."
    drop "$other" || die "No se pudo borrar «$other»; el motivo está arriba."
    say "Borrada: $other"
  done
  exit
fi

if [ -r "$file.sha256" ]; then
  (cd "$(dirname "$file")" && sha256sum --quiet --check "$(basename "$file").sha256") ||
    die "La copia está dañada: su contenido no es el de $file.sha256. Use otra."
else
  say "Aviso: no está $file.sha256, así que no se puede saber si la copia está entera."
fi

say "Restaurando en $scratch…"
sql "CREATE DATABASE \"$scratch\""
made=1
load "$scratch" || die "La copia no se pudo restaurar; el motivo está arriba. La base «$name» no cambió."
# Quiet: whoever is no superuser would get a page of warnings about the system's tables.
psql_with "$(of "$scratch")" --command='SET client_min_messages = error' --command=ANALYZE

say "Verificando los datos…"
exec 4>&1
verify() { # prints what verify_data says; its last line is kept in $summary, its status in $status
  status=0
  summary=$(manage "$scratch" verify_data | while IFS= read -r line; do
    printf '%s\n' "$line" >&4
    [[ $line != errors=* ]] || printf '%s' "$line"
  done) || status=$?
}
verify
if [ $status = 2 ] && [ -z "$summary" ]; then
  say "Puede ser de otra versión: se la pone al día y se la verifica otra vez…"
  ! manage "$scratch" migrate --no-input -v0 || verify
fi
case $summary in
'errors=0 '*) found='' ;;
errors=*) found="los datos de la copia no respetan las reglas ($summary): el detalle está arriba." ;;
*) found="no se pudo verificar los datos de la copia: el motivo está arriba." ;;
esac

case $mode in
drill)
  if [ -n "$found" ]; then
    loudly "$found" "La copia se puede restaurar: --keep la deja al lado para mirarla y corregirla;" \
      "--replace --accept-findings la pone en su lugar como está. No se cambió nada."
    exit 1
  fi
  say "La copia sirve: se restauró y sus datos están bien. No se cambió nada."
  ;;
--keep)
  sql "$(sessions_end "$scratch")" "ALTER DATABASE \"$scratch\" RENAME TO \"$kept_name\"" >/dev/null
  made=
  say "La base restaurada queda como $kept_name."
  [ -z "$found" ] || loudly "$found" "La base quedó igual, para mirarla y corregirla."
  printf '%s\n' "$kept_name"
  [ -z "$found" ] || exit 3
  ;;
--replace)
  if [ -n "$found" ]; then
    loudly "$found"
    [ -n "$accepts" ] ||
      die "La base «$name» no cambió. Si la copia es lo mejor que hay: --replace --accept-findings la pone igual."
  fi
  stopped=1
  stop_users
  # Together, so that there is no moment without the real database, whatever happens to this script.
  renames=("ALTER DATABASE \"$scratch\" RENAME TO \"$name\"")
  ! exists "$name" || renames=("ALTER DATABASE \"$name\" RENAME TO \"$former\"" "${renames[@]}")
  put_in_place() {
    psql_with "$(of postgres)" --single-transaction --command="$(sessions_end "$name")" \
      --command="$(sessions_end "$scratch")" "${renames[@]/#/--command=}" >/dev/null
  }
  put_in_place || put_in_place || # who connected between the two was in time
    die "No se pudo poner la copia en su lugar (¿alguien sigue conectado?): «$name» sigue siendo la de antes."
  made=
  say "Listo: «$name» es ahora la copia."
  [ -z "$found" ] || loudly "«$name» tiene ahora lo que se encontró arriba." "Corríjalo y ejecute: manage.py verify_data"
  ;;
esac
