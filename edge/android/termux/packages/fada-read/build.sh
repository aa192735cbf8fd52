TERMUX_PKG_HOMEPAGE=@HOMEPAGE@
TERMUX_PKG_DESCRIPTION="Reads fetal ultrasound images with a FADA release, without a network"
TERMUX_PKG_LICENSE="Apache-2.0, MIT"
TERMUX_PKG_LICENSE_FILE="fada-read/LICENSE, thirdparty/llama.cpp/LICENSE, fada-read/release/ATTRIBUTION.txt"
TERMUX_PKG_MAINTAINER="@MAINTAINER@"
TERMUX_PKG_VERSION=@VERSION@
# llama.cpp as the hub's own runtime has it; the program with a release, which lies beside this file
TERMUX_PKG_SRCURL=(
	@RUNTIME_URL@
	"file://$TERMUX_PKG_BUILDER_DIR/fada-read-$TERMUX_PKG_VERSION.tar.gz"
)
TERMUX_PKG_SHA256=(
	@RUNTIME_SHA256@
	@SHA256@
)
TERMUX_PKG_AUTO_UPDATE=false
TERMUX_PKG_DEPENDS="libc++"
# Kernels are for 64-bit ARM; their kinds (dot products, i8mm) are chosen at the start.
TERMUX_PKG_EXCLUDED_ARCHES="arm, i686, x86_64"

termux_step_post_get_source() {
	# Termux's downloader checks no file:// source.
	echo "${TERMUX_PKG_SHA256[1]}  ${TERMUX_PKG_SRCURL[1]#file://}" | sha256sum -c --quiet - ||
		termux_error_exit "fada-read-$TERMUX_PKG_VERSION.tar.gz is not the file that was pinned."
	# Zig, which builds the program elsewhere, and Clang have two names for one extension.
	sed -i 's/+fullfp16/+fp16/g' "$TERMUX_PKG_SRCDIR/fada-read/program/CMakeLists.txt"
}

# Sources of two archives: the program's CMakeLists.txt is in none's root.
termux_step_configure() {
	termux_setup_cmake
	termux_setup_ninja
	local root=$TERMUX_PKG_SRCDIR
	TERMUX_PKG_EXTRA_CONFIGURE_ARGS="-DLLAMA_CPP=$root/thirdparty/llama.cpp -DPYTHON=$(command -v python3)"
	TERMUX_PKG_SRCDIR=$root/fada-read/program
	termux_step_configure_cmake
	TERMUX_PKG_SRCDIR=$root
}

# The program alone: no target of llama.cpp's is installed.
termux_step_make() {
	ninja -j "$TERMUX_PKG_MAKE_PROCESSES" fada-read
}

termux_step_make_install() {
	local release=$TERMUX_PREFIX/share/fada-read
	install -Dm700 fada-read "$TERMUX_PREFIX/libexec/fada-read/fada-read"
	mkdir -p "$release"
	install -m600 "$TERMUX_PKG_SRCDIR"/fada-read/release/* "$release"
	sed -e "s|@PROGRAM@|$TERMUX_PREFIX/libexec/fada-read/fada-read|" -e "s|@RELEASE@|$release|" \
		"$TERMUX_PKG_SRCDIR/fada-read/fada-read.sh" >"$TERMUX_PREFIX/bin/fada-read"
	chmod 700 "$TERMUX_PREFIX/bin/fada-read"
}

termux_step_create_debscripts() {
	cat >postinst <<-POSTINST
		#!$TERMUX_PREFIX/bin/sh
		echo "fada-read is not for diagnosis. To measure this phone, run"
		echo "    fada-read --self-test"
		echo "and send the block that it prints back. It holds nothing of a patient."
	POSTINST
}
