#!/usr/bin/env bash
# A fresh Ubuntu instance of Oracle Cloud to one that runs NOVA: as user ubuntu, deploy/install-oci.sh REPOSITORY [BRANCH]
#
# Docker from Docker's own packages, the firewall of the image opened for 80 and 443 (the security list of the subnet is
# opened in Oracle's console), the repository in ~/gestiones, a .env with secrets of its own, and a nightly backup.
# What is there already stays. It starts nothing: complete .env first.
set -euo pipefail

repository=${1:?Uso: install-oci.sh REPOSITORIO [RAMA]} branch=${2:-main}
path=${PROD_PATH:-$HOME/gestiones}
say() { printf '── %s\n' "$*"; }
[ "$(id -u)" -ne 0 ] || { say "Ejecútelo como el usuario que despliega (ubuntu), no como root."; exit 1; }

say "Paquetes"
sudo apt-get update -qq
sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq ca-certificates curl git openssl iptables-persistent
if ! command -v docker >/dev/null; then
  sudo install -m 0755 -d /etc/apt/keyrings
  sudo curl -fsSL https://download.docker.com/linux/ubuntu/gpg -o /etc/apt/keyrings/docker.asc
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
  printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/ubuntu %s stable\n' \
    "$(dpkg --print-architecture)" "$codename" | sudo tee /etc/apt/sources.list.d/docker.list >/dev/null
  sudo apt-get update -qq
  sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker-ce docker-ce-cli containerd.io docker-buildx-plugin \
    docker-compose-plugin
fi
sudo usermod -aG docker "$USER"

say "Cortafuegos: 80 y 443"
for port in 80 443; do # Oracle's image refuses everything but SSH; the rule goes before its refusal
  sudo iptables -C INPUT -p tcp --dport "$port" -j ACCEPT 2>/dev/null ||
    sudo iptables -I INPUT 5 -p tcp --dport "$port" -m conntrack --ctstate NEW -j ACCEPT
done
sudo netfilter-persistent save >/dev/null

say "Código en $path"
[ -d "$path/.git" ] || git clone --branch "$branch" "$repository" "$path"
cd "$path"
mkdir -p data backups

if [ ! -e .env ]; then
  say "Configuración: .env con claves propias"
  umask 077
  cp .env.example .env
  set_value() { sed -i "s|^#\?$1=.*|$1=$2|" .env; }
  set_value SECRET_KEY "$(openssl rand -hex 40)"
  set_value DB_PASSWORD "$(openssl rand -hex 24)"
  set_value TRUSTED_PROXY_HOPS 1
fi

say "Copia diaria a las 03:30"
printf '30 3 * * * %s cd %s && deploy/backup.sh >>%s/backups/backup.log 2>&1\n' "$USER" "$path" "$path" |
  sudo tee /etc/cron.d/nova-backup >/dev/null

cat <<TXT

Listo. Faltan tres cosas:
  1. Complete $path/.env: ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, SITE_ADDRESS, correo y ADMIN_USERNAME / ADMIN_PASSWORD.
  2. En la consola de Oracle, abra 80 y 443 en la Security List de la subred.
  3. Salga y vuelva a entrar (para pertenecer al grupo docker) y ejecute:
       cd $path && docker compose --profile tls up -d --build
TXT
