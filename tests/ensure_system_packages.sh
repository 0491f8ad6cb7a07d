#!/usr/bin/env bash
# Is what the application needs of the system here (with "run"), and PostgreSQL, Chromium and what
# looks at papers for the tests (without)? Installs what is missing when it may (root on Debian or Ubuntu);
# otherwise says the one command to type.
set -euo pipefail

purpose=${1:-tests}
missing=()
# Without these the application starts, and says what it can't do.
wanted=()
quicker=

# It tells what an uploaded file really is.
if ! compgen -G '/usr/lib/*/libmagic.so.1' >/dev/null && ! compgen -G '/usr/lib*/libmagic.so.1' >/dev/null \
    && ! compgen -G '/usr/local/lib/libmagic.so.1' >/dev/null; then
    missing+=(libmagic1)
fi
if [ "$purpose" != run ]; then
    # A database given from outside needs no server binaries on this machine.
    if [ -z "${TEST_DATABASE_URL:-}" ] && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        missing+=(postgresql)
    fi
    # The one without windows is quicker by far, but not every system has it, and any will do.
    if ! command -v chromium-headless-shell >/dev/null; then
        if ! command -v chromium >/dev/null; then
            missing+=(chromium)
        elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
            quicker=chromium-headless-shell
        fi
    fi
    # Papers are looked at page by page.
    if ! command -v pdftoppm >/dev/null || ! command -v pdftotext >/dev/null; then
        missing+=(poppler-utils)
    fi
fi
# Without a Chinese font, pages and papers are empty boxes.
if ! compgen -G '/usr/share/fonts/opentype/noto/Noto*CJK*' >/dev/null; then
    wanted+=(fonts-noto-cjk)
fi
# It makes the PDF of a paper that is a Word file.
if ! command -v soffice >/dev/null && ! command -v libreoffice >/dev/null; then
    wanted+=(libreoffice-writer-nogui)
fi
# Papers are laid out by pango, and its fonts cut down by harfbuzz.
for library in libpango-1.0.so.0:libpango-1.0-0 libpangoft2-1.0.so.0:libpangoft2-1.0-0 \
    libharfbuzz-subset.so.0:libharfbuzz-subset0; do
    if ! ldconfig -p | grep -q "${library%%:*}"; then
        missing+=("${library##*:}")
    fi
done

may_install=
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    may_install=1
fi
if [ "$purpose" != run ] || [ -n "$may_install" ]; then
    missing+=("${wanted[@]}")
elif [ ${#wanted[@]} -gt 0 ]; then
    echo "Without these, papers can't be made as PDF: ${wanted[*]}" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${wanted[*]}" >&2
fi

if [ -n "$quicker" ]; then
    (timeout 60 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 300 \
        apt-get install -y -qq --no-install-recommends "$quicker") >/dev/null 2>&1 \
        || echo "Without $quicker the tests in a browser take longer." >&2
fi
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if [ -n "$may_install" ]; then
    echo "Installing: ${missing[*]}"
    apt-get update -qq
    if [[ " ${missing[*]} " == *" chromium "* ]] && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        missing=("${missing[@]/#chromium/chromium-headless-shell}")
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    exit 0
fi

echo "These system packages are needed: ${missing[*]}" >&2
echo "Type this once, then try again:" >&2
echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
exit 1
