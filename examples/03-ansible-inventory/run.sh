#!/bin/sh
# The inventory that Ansible uses is good enough: files, folders and inventory scripts, with Ansible's patterns.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VMFIX_STATE="$work/state"
playbook=../01-first-playbook/window-file-stale.yml

vmfix() {
    printf '\n$ vmfix'
    printf ' %s' "$@"
    printf '\n'
    ${VMFIX:-command vmfix} "$@"
}

vmfix check hosts.ini
vmfix plan "$playbook" -i hosts.ini -t 'web:!web-02' --expect 1 -e dir="$work"

# An empty selection is an error, never "all": exit code 4.
code=0
vmfix plan "$playbook" -i hosts.ini -t 'web:!web-*' -e dir="$work" || code=$?
[ "$code" = 4 ]

# What ansible-inventory --list prints is good as well, also from a program.
cat >"$work/hosts.sh" <<'EOF'
#!/bin/sh
echo '{"web": {"hosts": ["web-01"]}, "_meta": {"hostvars": {"web-01": {"ansible_connection": "local"}}}}'
EOF
chmod +x "$work/hosts.sh"
vmfix plan "$playbook" -i "$work/hosts.sh" -e dir="$work"
[ ! -e "$work/window" ]
