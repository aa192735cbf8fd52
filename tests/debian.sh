#!/usr/bin/env bash
# Debian packages that the tests use: real peers, real servers, a real browser.
# As root they are installed; otherwise the missing ones are named and the tests that need them skip.
set -euo pipefail
packages=(caddy chromium dcmtk debootstrap dicom3tools fonts-noto-core iproute2 orthanc orthanc-dicomweb poppler-utils postgresql prometheus qemu-user-static redis-server)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "!! not a Debian system: tests that need ${missing[*]} will be skipped" >&2; exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "!! MISSING: ${missing[*]} - install with: sudo apt-get install ${missing[*]}" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi
# Services are not wanted here, only their programs.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d.fada && chmod +x /usr/sbin/policy-rc.d.fada
[ -e /usr/sbin/policy-rc.d ] || { cp /usr/sbin/policy-rc.d.fada /usr/sbin/policy-rc.d; added=1; }
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
[ "${added:-}" = 1 ] && rm -f /usr/sbin/policy-rc.d
rm -f /usr/sbin/policy-rc.d.fada
