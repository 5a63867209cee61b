#!/usr/bin/env bash
# One backup of the database: deploy/backup.sh [FOLDER]
#
# Writes FOLDER/gestiones-YYYYMMDD-HHMMSS.dump (pg_dump, custom format) and its .sha256, looks that it can be read, and
# forgets old ones: the newest KEEP_NEWEST (14) stay, and the first of each of the last KEEP_MONTHS (12) months.
# People work meanwhile. With DATABASE_URL it takes that database; without, that of compose.yaml.
# FOLDER: BACKUP_DIR, else ./backups. Exit status: 0 done, 1 not.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

folder=${1:-${BACKUP_DIR:-backups}}
keep_newest=${KEEP_NEWEST:-14} keep_months=${KEEP_MONTHS:-12}

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
[[ $keep_newest =~ ^[1-9][0-9]*$ && $keep_months =~ ^[0-9]+$ ]] || die "KEEP_NEWEST y KEEP_MONTHS son números."

in_database() { # a PostgreSQL program, where the database is
  if [ -n "${DATABASE_URL:-}" ]; then
    "$1" --dbname "$DATABASE_URL" "${@:2}"
  else
    docker compose exec -T db "$1" --username gestiones_user --dbname gestiones "${@:2}"
  fi
}
list_contents() { # what a dump holds, read to its end
  if [ -n "${DATABASE_URL:-}" ]; then
    pg_restore --list "$1"
  else
    docker compose exec -T db pg_restore --list <"$1"
  fi
}

mkdir -p "$folder" || die "No se puede crear la carpeta $folder."
exec 9>"$folder/.lock"
flock --nonblock 9 || die "Ya hay una copia en marcha en $folder: espere a que termine."

# What a backup that was killed left: no other can be writing it.
rm -f "$folder"/.gestiones-*.dump.part

name=gestiones-$(date +%Y%m%d-%H%M%S).dump
draft=$folder/.$name.part
trap 'rm -f "$draft"' EXIT

in_database pg_dump --format custom --no-owner --no-privileges >"$draft" ||
  die "La copia falló; el motivo está arriba. No quedó ningún archivo y las copias anteriores siguen."
tables=$(list_contents "$draft" | grep -c 'TABLE DATA') || die "La copia no se puede leer: no se guardó."
# The sum first: no backup stands there without its own, whenever this ends.
sum=$(sha256sum <"$draft")
printf '%s  %s\n' "${sum%% *}" "$name" >"$folder/$name.sha256"
mv "$draft" "$folder/$name"

# Rotation. Names sort by date.
mapfile -t all < <(cd "$folder" && ls -1r gestiones-*.dump)
declare -A month_kept
months=0
declare -A keep
for file in "${all[@]:0:keep_newest}"; do keep[$file]=1; done
for ((i = ${#all[@]} - 1; i >= 0; i--)); do # from the oldest: the first of its month
  month=${all[i]:10:6}
  [ -n "${month_kept[$month]:-}" ] || month_kept[$month]=${all[i]}
done
for month in $(printf '%s\n' "${!month_kept[@]}" | sort -r); do
  [ "$months" -lt "$keep_months" ] || break
  keep[${month_kept[$month]}]=1
  months=$((months + 1))
done
# Looked up and not searched for in a pipe: where grep ends before its writer has, the pipe fails (pipefail), and a
# backup to keep was removed.
for file in "${all[@]}"; do
  [ -n "${keep[$file]:-}" ] || rm -f "$folder/$file" "$folder/$file.sha256"
done

say "Copia: $folder/$name ($(du -h "$folder/$name" | cut -f1), $tables tablas)"
printf '%s\n' "$folder/$name"
