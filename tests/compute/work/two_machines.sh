#!/usr/bin/env bash
# Two machines, played by two network namespaces: on one the database server and the scheduler, on
# the other the workers, which reach both over a network of their own. Needs root, iproute2 and a
# PostgreSQL server's programs (POSTGRESQL names their folder).
set -euo pipefail

python=${PYTHON:-.venv/bin/python}
POSTGRESQL=${POSTGRESQL:-/usr/lib/postgresql/15/bin}
visits=${VISITS:-2000}
head=starhead$$ hands=starhands$$
server=10.91.7.1 worker=10.91.7.2
folder=$(mktemp -d /tmp/starledger-two-XXXXXX)
chmod 755 "$folder"

cleanup() {
    kill $(jobs -p) 2>/dev/null || true
    in_head setpriv --reuid=postgres --regid=postgres --init-groups \
        "$POSTGRESQL/pg_ctl" stop -m immediate -s -D "$folder/data" || true
    ip netns del "$head" 2>/dev/null || true
    ip netns del "$hands" 2>/dev/null || true
    rm -rf "$folder"
}
in_head() { ip netns exec "$head" "$@"; }
in_hands() { ip netns exec "$hands" "$@"; }
trap cleanup EXIT

ip netns add "$head"
ip netns add "$hands"
ip link add veth0 netns "$head" type veth peer name veth0 netns "$hands"
in_head ip addr add $server/24 dev veth0
in_hands ip addr add $worker/24 dev veth0
for space in "$head" "$hands"; do
    ip -n "$space" link set lo up
    ip -n "$space" link set veth0 up
done

mkdir "$folder/home"
chown postgres "$folder"
as_postgres() { in_head setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
as_postgres "$POSTGRESQL/initdb" -D "$folder/data" -U stars -A trust -E UTF8 --locale=C --no-sync \
    --no-instructions >/dev/null
echo "host all all 10.91.7.0/24 trust" >>"$folder/data/pg_hba.conf"
as_postgres "$POSTGRESQL/pg_ctl" start -w -s -D "$folder/data" -l "$folder/log" \
    -o "-k '' -c listen_addresses=$server -c fsync=off"

export STARLEDGER_DATABASE_URL=postgresql://stars@$server/postgres STARLEDGER_HOME=$folder/home
export STARLEDGER_CONFIG=$folder/none OMP_NUM_THREADS=1
in_head "$python" -m tests.compute.work.made_up "$visits"
ip netns exec "$head" "$python" -m distributed.cli.dask_scheduler --host $server --port 8786 --no-dashboard \
    2>"$folder/scheduler.log" &
ip netns exec "$hands" "$python" -m starledger worker --scheduler tcp://$server:8786 --workers 2 --threads 1 \
    2>"$folder/worker.log" &
in_head "$python" -m starledger fit small --rv-range 100 --scheduler tcp://$server:8786 --json \
    >"$folder/answer.json" || { tail -n 20 "$folder"/*.log >&2; exit 1; }
cat "$folder/answer.json"
in_head "$python" -m starledger fit status
