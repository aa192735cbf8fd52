#!/usr/bin/env bash
# What a hub needs of the system: a supported Python with venv, the OpenMP library of the models'
# runtimes and, for the model server, Python's shared library. As root on Debian or Ubuntu what is
# missing is installed; otherwise it is named. Prints the Python to use.
#   bash prerequisites.sh [PYTHON]
set -euo pipefail
supported=(3.11 3.12 3.13)
model_server=(3.11 3.12) # as services/standalone/triton.py says
say() { echo "$*" >&2; }

version_of() { "$1" -V 2>&1 | sed -nE '1s/^Python ([0-9]+\.[0-9]+)(\..*)?$/\1/p' || true; }
is_one_of() { local item=$1; shift; [[ " $* " == *" $item "* ]]; }
has_library() { [[ "$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null)" == *"$1 "* ]]; }
apt_has() { [[ "$(apt-cache policy "$1" 2>/dev/null)" == *"Candidate: "[0-9]* ]]; }
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
updated=
update() { [ -n "$updated" ] || { say "apt-get update"; apt-get update -q >/dev/null; updated=1; }; }

choose_python() {
  for python in "${supported[@]/#/python}" python3; do
    version=$(version_of "$python")
    if is_one_of "${version:-none}" "${supported[@]}"; then return; fi
  done
  if can_install; then update; fi
  for version in "${supported[@]}"; do
    python=python$version
    if apt_has "$python"; then return; fi
  done
  say "FADA runs on Python 3.11, 3.12 and 3.13; none of them is here, and this system has no package of one."
  say "Install one (pyenv install 3.12, uv python install 3.12) and name it: make install PYTHON=python3.12"
  exit 1
}

required=() useful=()
if [ -n "${1:-}" ]; then
  python=$1 version=$(version_of "$1")
  if ! is_one_of "${version:-none}" "${supported[@]}"; then
    say "FADA runs on Python 3.11, 3.12 and 3.13; $python is \"$("$python" -V 2>&1 || true)\"."
    exit 1
  fi
else
  choose_python
fi

command -v "$python" >/dev/null || required+=("python$version")
# Debian keeps venv in a package of its own.
"$python" -c 'import ensurepip, venv' 2>/dev/null || required+=("python$version-venv")
if [ "$(uname -s)" = Linux ]; then
  has_library libgomp.so.1 || required+=(libgomp1)
  library=libpython$version.so.1.0
  if is_one_of "$version" "${model_server[@]}" && ! has_library "$library" && ! [ -e "$("$python" -c \
      'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))' 2>/dev/null)/$library" ]; then
    useful+=("libpython$version")
  fi
fi

if [ ${#required[@]} -gt 0 ] || [ ${#useful[@]} -gt 0 ]; then
  if can_install; then
    update
    packages=("${required[@]}")
    for package in "${useful[@]}"; do
      # Ubuntu 24.04's libraries have names of their own since time_t has 64 bits.
      for name in "$package" "${package}t64"; do if apt_has "$name"; then packages+=("$name"); break; fi; done
    done
    say "apt-get install ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  elif [ ${#required[@]} -gt 0 ]; then
    say "FADA needs packages that are not here: sudo apt-get install ${required[*]} ${useful[*]}"
    exit 1
  else
    say "The worker will read images itself; for the model server: sudo apt-get install ${useful[*]}"
  fi
fi
echo "$python"
