#!/bin/sh
# Installs fada-read in Termux and tries it: `sh install.sh` in the folder that was brought to the phone.
#
# The folder goes to ~/fada (FADA_FOLDER for another place), the command `fada-read` to Termux's own programs.
# What the self-test prints is kept as self-test.txt there: send that block back.
set -eu

from=$(cd "$(dirname "$0")" && pwd)
to=${FADA_FOLDER:-$HOME/fada}
bin=${PREFIX:-/data/data/com.termux/files/usr}/bin

fail() {
    echo "fada-read: $1" >&2
    exit 1
}

(cd "$from" && sha256sum -c --quiet SHA256SUMS) || fail "a file did not come whole; copy the folder again."
mkdir -p "$to" "$bin"
if [ "$from" != "$(cd "$to" && pwd)" ]; then
    rm -f "$to/text.gguf" "$to/mmproj.gguf" "$to/heads.json" "$to/heads.bin" # the new release may have fewer
    cp "$from"/* "$to"/ || fail "there is no room in $to."
fi
chmod +x "$to/fada-read" || fail "programs cannot be started from $to; choose a folder in Termux's own storage."
"$to/fada-read" --cpu >/dev/null 2>&1 || fail "the program does not start: it needs a 64-bit ARM phone."

cat >"$bin/fada-read" <<WRAPPER
#!/bin/sh
# fada-read IMAGE [...], or fada-read --self-test [...]
case "\${1:-}" in
    --self-test) shift; exec "$to/fada-read" --self-test "$to" "\$@" ;;
    --cpu) exec "$to/fada-read" --cpu ;;
    *) exec "$to/fada-read" "$to" "\$@" ;;
esac
WRAPPER
chmod +x "$bin/fada-read"

echo "Installed. The self-test reads one sample three times; it may take minutes."
status=0
"$bin/fada-read" --self-test "$@" >"$to/self-test.txt" || status=$?
cat "$to/self-test.txt"
exit $status
