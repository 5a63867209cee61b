#!/usr/bin/env bash
# Brings this installation to a commit: deploy/deploy.sh [REF]   (what the deployment workflows call; usable by hand)
#
# Backup, code, image, migrations while the old version serves, then the new version; if it is not ready within
# READY_SECONDS (90) the old image serves again. Migrations only ever add (docs/operations.md), so the old version works
# with the new tables; if a migration itself is the problem, it says how to restore.
# REF: a commit, tag or branch of origin; without it, the branch that is checked out. SKIP_BACKUP=1 for development.
# Exit status: 0 the new version serves, 1 the old one does, 2 nobody does: act.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '── %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

main() { # whole in memory before it begins: the checkout below changes this very file
  [ -r .env ] || die "Falta el archivo .env en $PWD: cópielo de .env.example y complételo."
  exec 9>.git/deploy.lock
  flock --nonblock 9 || die "Ya hay un despliegue en marcha: espere a que termine."

  ref=${1:-}
  image=nova-gestiones
  port=${WEB_PORTS:-5000}
  url=${READY_URL:-http://127.0.0.1:${port%%-*}/readyz}

  is_ready() { curl --silent --fail --max-time 5 --output /dev/null "$url"; }
  wait_until_ready() {
    local deadline=$((SECONDS + ${READY_SECONDS:-90}))
    until is_ready; do
      [ $SECONDS -lt $deadline ] || return 1
      sleep 2
    done
  }
  serve() { # the version that $image:latest is
    docker compose up --detach --no-build --remove-orphans
  }

  former=$(git rev-parse HEAD)
  backup=
  if [ -z "${SKIP_BACKUP:-}" ]; then
    say "Copia de la base antes de cambiar nada"
    backup=$(deploy/backup.sh) || die "Sin copia no hay despliegue. No cambió nada."
  fi

  say "Código"
  git fetch --quiet --tags origin || die "No se pudo traer el código. No cambió nada."
  if [ -n "$ref" ]; then
    target=$(git rev-parse --verify --quiet "origin/$ref^{commit}" || git rev-parse --verify --quiet "$ref^{commit}") ||
      die "No existe «$ref». No cambió nada."
  else
    target=$(git rev-parse --verify --quiet '@{upstream}^{commit}') || die "Esta copia no sigue ninguna rama: indique REF."
  fi
  git -c advice.detachedHead=false checkout --quiet "$target"
  back_to_former_code() { git -c advice.detachedHead=false checkout --quiet "$former"; }

  say "Imagen de $(git rev-parse --short HEAD)"
  docker image inspect "$image:latest" >/dev/null 2>&1 && docker tag "$image:latest" "$image:previous"
  if ! docker compose build; then
    back_to_former_code
    die "La imagen no se pudo construir. Sigue la versión anterior."
  fi

  rollback() { # REASON
    say "$1"
    back_to_former_code
    if docker image inspect "$image:previous" >/dev/null 2>&1; then
      docker tag "$image:previous" "$image:latest"
      say "Vuelve la versión anterior ($(git rev-parse --short HEAD))"
      if serve && wait_until_ready; then
        say "La versión anterior responde."
      else
        say "La versión anterior tampoco responde: mire docker compose logs --tail 100 web prepare"
        [ -z "$backup" ] || say "Si la causa es una migración: deploy/restore.sh $backup --replace"
        exit 2
      fi
    fi
    [ -z "$backup" ] || say "Si los datos quedaron mal por una migración: deploy/restore.sh $backup --replace"
    exit 1
  }

  say "Migraciones"
  docker compose run --rm -T prepare || rollback "Las migraciones fallaron; el motivo está arriba."

  say "Versión nueva"
  serve || rollback "La versión nueva no arrancó."
  wait_until_ready || rollback "La versión nueva no está lista en ${READY_SECONDS:-90} segundos ($url)."
  docker image prune --force >/dev/null 2>&1 || true
  say "En servicio: $(git rev-parse --short HEAD)"
}

main "$@"
exit
