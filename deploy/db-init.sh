#!/usr/bin/env bash
# PostgreSQL's first start (compose.yaml): the application's own user, who is no superuser, and its database.
# CREATEDB, because restore.sh tries a backup in a database beside the real one.
set -euo pipefail

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set password="$DB_PASSWORD" <<'SQL'
CREATE ROLE gestiones_user LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE gestiones OWNER gestiones_user;
SQL
