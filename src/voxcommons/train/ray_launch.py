"""Training on several machines: Ray starts the processes, everything else is as with the processes of one machine.

Apart from train/launch.py because it needs a library of its own (extra `ray`), loaded when it is asked for. Ray Train
brings the processes together (torch.distributed) and gives each its GPU; checkpoints and resuming stay ours, so that a run
begun under Ray goes on without it and the other way round.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from voxcommons.base.errors import InputError, MissingExtraError, VoxError
from voxcommons.train.launch import PATIENCE, Job

LOCAL = "local"
# Ray gives up on processes that are not ready after a minute; on a busy machine loading torch takes longer.
_ENVIRONMENT = {"env_vars": {"RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "900"}}


def start_on_ray(job: Job, *, address: str, workers: int) -> None:
    """Do a job in processes that a Ray cluster places, and come back when all are done.

    Args:
        job: every machine must see its folders under the same paths, and have the program installed.
        address: of the cluster's head (`host:port`, `ray://host:port`, or `auto` for the one this machine belongs to);
            "local" starts a cluster of this machine alone for the time of the call.
        workers: processes; each takes a GPU where the cluster has some and the job's device is not "cpu".

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: there is no cluster at the address, or it has fewer GPUs than workers.
        VoxError: what the work raised.
    """
    try:
        import ray
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError as cause:
        raise MissingExtraError("cannot train on several machines", extra="ray", found="Ray is not installed") from cause
    job = dataclasses.replace(job, data=job.data.absolute(), folder=job.folder.absolute())

    def work() -> None:
        job()

    try:
        alone = {"num_cpus": workers, "include_dashboard": False} if address == LOCAL else {"address": address}
        ray.init(runtime_env=_ENVIRONMENT, **alone)
    except (ConnectionError, ValueError) as cause:
        raise InputError("cannot reach the Ray cluster", expected="its address, or local", found=f"{address}: {cause}") from cause
    try:
        gpus = int(ray.cluster_resources().get("GPU", 0)) if job.device != "cpu" else 0
        if 0 < gpus < workers:
            raise InputError("more workers than GPUs", expected=f"--workers {gpus} or --device cpu", found=f"--workers {workers}")
        trainer = TorchTrainer(
            work,
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus > 0),
            torch_config=TorchConfig(timeout_s=int(PATIENCE / timedelta(seconds=1))),
            run_config=RunConfig(name="run", storage_path=str(job.folder / "ray")),
        )
        try:
            trainer.fit()
        except Exception as cause:
            raise _fault(cause) from cause
    finally:
        ray.shutdown()


def _fault(cause: BaseException) -> BaseException:
    """The mistake of the user that a worker met, if it was one, else what Ray says."""
    pending, seen = [cause], []
    while pending:
        one = pending.pop()
        if isinstance(one, VoxError):
            return one
        if one in seen:
            continue
        seen.append(one)
        failures = getattr(one, "worker_failures", {})
        inner = (one.__cause__, *(getattr(one, name, None) for name in ("cause", "controller_failure", "_base_exc")))
        pending += [*failures.values(), *(each for each in inner if isinstance(each, BaseException))]
    return cause
