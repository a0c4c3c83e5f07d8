#!/usr/bin/env bash
# A real Slurm on this machine alone: controller, node daemon and munge on the loopback interface,
# without systemd, cgroups or accounting. As root, with Debian's slurm-wlm and munge:
#
#   tests/slurm/cluster.sh start FOLDER    # state, logs and configuration go to FOLDER
#   tests/slurm/cluster.sh stop FOLDER
#
# The configuration is linked to /etc/slurm/slurm.conf, because steps inside jobs look for it there;
# "start" refuses where there is one already, "stop" takes the link away.
set -euo pipefail

readonly LINK=/etc/slurm/slurm.conf
readonly PATIENCE=30 # seconds

configuration() {
  local host cores megabytes
  host=$(hostname -s)
  cores=$(nproc)
  megabytes=$(awk '/^MemTotal/ { print int(0.8 * $2 / 1024) }' /proc/meminfo)
  cat <<END
ClusterName=softmodes
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2

# what the kernel offers without cgroups; jobs above their memory are ended by the poll
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill

SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=5
# what can never run is refused, not queued for ever
EnforcePartLimits=ALL
# without accounting, squeue alone tells how a job ended
MinJobAge=3600

NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$megabytes State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE DefaultTime=60 DefMemPerCPU=500 State=UP
END
}

start() {
  local folder=$1
  if [[ -e $LINK ]]; then
    echo "$LINK is there: another Slurm is set up on this machine" >&2
    exit 1
  fi
  mkdir -p "$folder/state" "$folder/spool" "$(dirname "$LINK")"
  configuration "$folder" >"$folder/slurm.conf"
  ln -s "$folder/slurm.conf" "$LINK"

  install -d -o munge -g munge /run/munge
  [[ -e /etc/munge/munge.key ]] || runuser -u munge -- mungekey --create
  munge -n >/dev/null 2>&1 || runuser -u munge -- munged
  slurmctld -i
  slurmd

  for ((tenth = 0; tenth < 10 * PATIENCE; tenth++)); do
    [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]] && return
    sleep 0.1
  done
  tail -n 20 "$folder"/slurm*.log >&2
  stop "$folder"
  echo "Slurm did not come up within $PATIENCE s" >&2
  exit 1
}

# End a daemon by the file with its number, and wait until it has gone.
end() {
  local number
  [[ -e $1 ]] || return 0
  number=$(<"$1")
  kill "$number" 2>/dev/null || return 0
  for ((tenth = 0; tenth < 10 * PATIENCE; tenth++)); do
    kill -0 "$number" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$number"
}

# munged stays: it may have been there before, and costs nothing.
stop() {
  local folder=$1
  if [[ $(readlink "$LINK") != "$folder/slurm.conf" ]]; then
    echo "no Slurm was started in $folder" >&2
    exit 1
  fi
  scancel --user=root 2>/dev/null || true
  end "$folder/slurmd.pid"
  end "$folder/slurmctld.pid"
  rm "$LINK"
}

if (($# != 2)) || [[ $1 != start && $1 != stop ]]; then
  echo "usage: $0 start|stop FOLDER" >&2
  exit 2
fi
mkdir -p "$2"
"$1" "$(cd "$2" && pwd)"
