# Sourced by the other scripts: makes .venv at the top of the repository and installs the package into it, once.
#   install_once [EXTRA]   e.g. install_once test

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: Python 3.11, 3.12 or 3.13 with its venv module is needed (on Debian: apt-get install python3-venv)" >&2
    return 1
}

install_once() {
    local extra=${1:-} wanted stamp
    wanted=$(cat setup.cfg pyproject.toml constraints.txt | sha256sum)
    stamp=.venv/installed${extra:+-$extra}
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv
    echo "installing into $PWD/.venv (about 2.5 GB, once)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".${extra:+[$extra]}"
    echo "$wanted" > "$stamp"
}
