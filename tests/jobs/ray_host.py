"""Starts a Ray cluster of two nodes on this machine, lets `vox worker --ray` work on it, stops it, kills a node, and tells of it.

A program of its own, run by test_ray_workers.py, because Ray leaves threads and warnings behind in the process that speaks to it.
"""

import json
import signal
import subprocess
import sys
import threading

import psutil
from ray.cluster_utils import Cluster

from voxcommons.base.database import Database
from voxcommons.base.settings import Settings
from voxcommons.jobs.durable import DurableQueue, count_by_state
from voxcommons.jobs.job import State

_NODE = {"num_cpus": 2, "object_store_memory": 100_000_000}
_LOOK = threading.Event()


def quit_and_kill(home, jobs):
    """Tell the workers to quit early on, begin again, and kill a node that holds a job once a quarter is done; how it went."""
    cluster = Cluster(initialize_head=True, head_node_args={**_NODE, "include_dashboard": False})
    try:
        doomed = cluster.add_node(**_NODE)
        cluster.wait_for_nodes()
        database = Database.of(Settings(home=home))
        words = [f"VOX_HOME={home}", sys.executable, "-m", "voxcommons", "worker", "--ray", cluster.address, "--processes"]
        with subprocess.Popen(["env", *words, "2"], stderr=subprocess.DEVNULL) as worker:
            while not count_by_state(database).get(State.DONE, 0):
                assert worker.poll() is None
                _LOOK.wait(0.02)
            worker.send_signal(signal.SIGINT)
        after_quit = {"code": worker.returncode, "running": count_by_state(database).get(State.RUNNING, 0)}
        with subprocess.Popen(["env", *words, "4", "--until-empty"], stderr=subprocess.PIPE, text=True) as worker:
            said = []
            reader = threading.Thread(target=lambda: said.extend(worker.stderr))
            reader.start()
            while count_by_state(database).get(State.DONE, 0) < jobs // 4:
                assert worker.poll() is None, said
                _LOOK.wait(0.02)
            held = freeze(doomed, DurableQueue(database))
            done = count_by_state(database)[State.DONE]
            kill(cluster, doomed)
            worker.wait()
            reader.join()
        database.close()
        return {"after_quit": after_quit, "code": worker.returncode, "said": "".join(said), "done_before": done, "held": held}
    finally:
        cluster.shutdown()


def workers_of(node):
    (raylet,) = (process.process.pid for kind, some in node.all_processes.items() for process in some if kind == "raylet")
    return psutil.Process(raylet).children()


def freeze(node, queue):
    """Stop the processes of a node at a moment at which they hold jobs, so that they cannot finish before they are killed; these jobs."""
    while True:
        processes = workers_of(node)
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        ours = {str(process.pid) for process in processes}
        held = [job.id for job in queue.list([State.RUNNING]) if job.worker.rpartition(":")[2] in ours and job.label]
        if held:
            return held
        for process in processes:
            process.send_signal(signal.SIGCONT)
        _LOOK.wait(0.02)


def kill(cluster, node):
    processes = workers_of(node)
    cluster.remove_node(node, allow_graceful=False)
    for process in processes:
        process.kill()


if __name__ == "__main__":
    from pathlib import Path

    print(json.dumps(quit_and_kill(Path(sys.argv[1]), int(sys.argv[2]))))
