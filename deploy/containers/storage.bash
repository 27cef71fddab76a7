# shellcheck shell=bash
# Sourced by what builds or runs the suite's containers. Images and containers of
# ours have a storage of their own below .cache/containers, so those of whoever
# works here stay as they are; buildah, podman and podman-compose find it in the
# environment. Everything runs as root, with runc: crun does not start under a
# hybrid hierarchy of cgroups.

CONTAINERS=$PWD/.cache/containers
export CONTAINERS_CONF=$CONTAINERS/containers.conf
export CONTAINERS_STORAGE_CONF=$CONTAINERS/storage.conf
export IMAGE_PREFIX=localhost/opcon-snow

# Whether the kernel lets layers be mounted on this disk.
overlay_works() {
  local try status=0
  try=$(mktemp -d "$CONTAINERS/overlay.XXXXXX")
  mkdir "$try/lower" "$try/upper" "$try/work" "$try/merged"
  mount -t overlay overlay \
    -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null ||
    status=1
  [ "$status" != 0 ] || umount "$try/merged"
  rm -rf "$try"
  return "$status"
}

# A limit of $1, or of $2 if that is less, as podman writes it.
at_most() {
  local limit=$1
  [ "$2" = unlimited ] || [ "$2" -gt "$1" ] || limit=$2
  echo "$limit:$limit"
}

# Writes both files once; whether layers can be mounted does not change.
prepare_storage() {
  if [ "$(id -u)" != 0 ]; then
    echo "Containers are built and run by root here; try: sudo -E ./dev ..." >&2
    exit 77
  fi
  mkdir -p "$CONTAINERS"
  if [ ! -f "$CONTAINERS_STORAGE_CONF" ]; then
    cat >"$CONTAINERS_STORAGE_CONF.new" <<END
[storage]
driver = "$(overlay_works && echo overlay || echo vfs)"
graphroot = "$CONTAINERS/storage"
runroot = "$CONTAINERS/run"
[storage.options.overlay]
skip_mount_home = "true"
END
    mv "$CONTAINERS_STORAGE_CONF.new" "$CONTAINERS_STORAGE_CONF"
  fi
  # Podman's own limits are more than the machine may allow.
  cat >"$CONTAINERS_CONF" <<END
[containers]
default_ulimits = ["nofile=$(at_most 16384 "$(ulimit -Hn)")", "nproc=$(at_most 4096 "$(ulimit -Hu)")"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[network]
network_config_dir = "$CONTAINERS/networks"
END
  # The timers of health checks are systemd's; where it does not run, they are
  # made by hand (podman healthcheck run).
  [ -d /run/systemd/system ] || export DISABLE_HC_SYSTEMD=true
}
