"""Workers on the machines of a Ray cluster: Ray places them, watches them and says when one is gone; the queue stays what it is.

Apart from the queue because it needs a library of its own (extra `ray`), loaded when it is asked for. The database remains the
truth: one keeper beside it answers for all, and the workers speak to the keeper over Ray as they would to the queue itself. So
an SQLite file serves a whole cluster, and a machine that Ray believed dead and that wakes up holds an old lease, like any other.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from voxcommons.base.database import Database
from voxcommons.base.errors import InputError, MissingExtraError, StorageError
from voxcommons.base.log import configure, logger
from voxcommons.base.settings import Settings
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import ENDS, Job, Lease, Outcome, State
from voxcommons.jobs.worker import KEPT_S, LEASE_S, Handler, Worker, worker_name

_AT_ONCE: Final = 16  # calls the keeper answers side by side
_LOOK_S: Final = 1.0
_RESTART_WAIT_S: Final = 2.0  # a worker that cannot even start must not keep the cluster busy
_PARTING_S: Final = 600.0  # for the step of a job that is being done when everybody is told to quit
_CLIENT: Final = "ray://"

_log = logger(__name__)

Handlers = Callable[[], Mapping[str, Handler]]
"""Makes what a worker can do, where it works; importable by name, since it is sent to other machines."""


@dataclass(frozen=True)
class Crew:
    """The workers that are wanted.

    Attributes:
        settings: of the installation; its folder must be at the same path on every machine.
        handlers: what they can do.
        address: of the cluster's head (`host:port` or `ray://host:port`), or `auto` for the one this machine belongs to.
        count: of workers; None takes one for each processor of the cluster.
        lease_s: seconds of silence after which a job is given to another worker. Ray usually knows sooner that one is gone.
        kept_s: as `Worker.kept_s`.
    """

    settings: Settings
    handlers: Handlers
    address: str
    count: int | None = None
    lease_s: float = LEASE_S
    kept_s: float | None = KEPT_S


def work_on_ray(crew: Crew, leave: threading.Event, *, until_empty: bool = False, ready: Callable[[int], None] | None = None) -> int:
    """Do the jobs of the queue with workers that a Ray cluster places, until told to quit.

    Args:
        crew: the workers.
        leave: set it, and every worker gives its job back and ends.
        until_empty: end when no job waits or is being done.
        ready: called with the number of workers once they have been ordered; Ray has then set its own signal handlers.

    Returns:
        How many workers were lost, with their machine or alone.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: there is no cluster at the address.
        StorageError: the queue cannot be reached.
    """
    with _connected(crew) as ray:
        count = crew.count or max(1, int(ray.cluster_resources().get("CPU", 1)))
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        keeper = ray.remote(_Keeper).options(
            num_cpus=0, max_concurrency=_AT_ONCE, max_restarts=-1, scheduling_strategy=here
        ).remote(crew.settings)  # fmt: skip
        bench = RemoteBench(keeper)
        kinds = frozenset(crew.handlers())
        bench.pending(kinds)  # a queue that cannot be reached is heard of before anybody works
        if ready is not None:
            ready(count)
        hire = functools.partial(_hire, ray, crew, keeper)
        working, lost = [hire() for _ in range(count)], 0
        try:
            while not leave.is_set() and not (until_empty and not bench.pending(kinds)):
                ended, _ = ray.wait([one.run for one in working], timeout=_LOOK_S)
                gone = [one for one in working if one.run in ended]
                for one in gone:
                    working.remove(one)
                    _mourn(ray, one, bench)
                lost += len(gone)
                if gone and not leave.wait(_RESTART_WAIT_S):
                    working += [hire() for _ in gone]
        finally:
            _part(ray, working)
    return lost


@contextlib.contextmanager
def _connected(crew: Crew) -> Iterator[Any]:
    """Ray, connected to the cluster for as long as the block lasts."""
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as cause:
        raise MissingExtraError("cannot work on a cluster", extra="ray", found="Ray is not installed") from cause
    if crew.address.startswith(_CLIENT) and Database.of(crew.settings).is_sqlite:
        raise InputError(
            "an SQLite file cannot be reached from there", expected="a worker started on a machine of the cluster, or PostgreSQL",
            found=f"--ray {crew.address}", do="start it on a machine of the cluster with --ray auto, or set VOX_DATABASE",
        )  # fmt: skip
    try:
        ray.init(address=crew.address, configure_logging=False)
    except (ConnectionError, ValueError) as cause:
        found = f"{crew.address}: {cause}"
        raise InputError("cannot reach the Ray cluster", expected="the address of its head, or auto", found=found) from cause
    try:
        yield ray
    finally:
        ray.shutdown()


@dataclass(frozen=True)
class _Hired:
    """A worker somewhere on the cluster: its actor, the promise of its name, and the call that lasts as long as it works."""

    actor: Any
    name: Any
    run: Any


def _hire(ray: Any, crew: Crew, keeper: Any) -> _Hired:  # noqa: ANN401 - Ray has no types
    """Order a worker; where and when it begins is Ray's affair, which waits for a free processor."""
    actor = ray.remote(_Hand).options(num_cpus=1, max_concurrency=2, scheduling_strategy="SPREAD").remote(
        keeper, crew.settings, crew.handlers, crew.lease_s, crew.kept_s
    )  # fmt: skip
    return _Hired(actor, actor.name.remote(), actor.run.remote())


def _mourn(ray: Any, one: _Hired, bench: RemoteBench) -> None:  # noqa: ANN401
    """A worker ended that should not have: say why, make sure that it is gone, and free the job it held."""
    try:
        ray.get(one.run)
        why = "it ended by itself"
    except Exception as cause:  # noqa: BLE001 - of whatever it died, the others work on and another takes its place
        why = str(cause).strip().splitlines()[-1] if str(cause).strip() else type(cause).__name__
    with contextlib.suppress(Exception):
        ray.kill(one.actor)
    name = ""
    with contextlib.suppress(Exception):  # it may have died before it had a name
        name = str(ray.get(one.name, timeout=0))
    freed = bench.lost(name) if name else 0
    _log.warning("the worker %s is gone (%s); jobs it held: %d; another is begun where there is room", name or "without a name", why, freed)


def _part(ray: Any, working: list[_Hired]) -> None:  # noqa: ANN401
    """Let everybody who works give back the job at hand, and dismiss who never began."""
    begun = [one for one in working if ray.wait([one.name], timeout=0)[0]]
    for one in begun:
        one.actor.quit.remote()
    if begun:
        ray.wait([one.run for one in begun], num_returns=len(begun), timeout=_PARTING_S)
    for one in working:
        with contextlib.suppress(Exception):
            ray.kill(one.actor)


class _Keeper:
    """An actor beside the database that answers for the queue."""

    def __init__(self, settings: Settings) -> None:
        self._queue = DurableQueue(Database.of(settings))
        with self._queue.database.reading():  # opened once, before calls come side by side
            pass

    def call(self, act: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the act
        """Do what `Bench` calls `act`."""
        return getattr(self._queue, act)(*arguments, **named)


@dataclass
class _Hand:
    """An actor that is one worker."""

    keeper: Any
    settings: Settings
    handlers: Handlers
    lease_s: float
    kept_s: float | None
    leave: threading.Event = field(default_factory=threading.Event)

    def name(self) -> str:
        """As the queue knows it."""
        return worker_name()

    def run(self) -> int:
        """Work until told to quit; the number of jobs taken."""
        configure(self.settings.log_level, sys.stderr)
        bench = RemoteBench(self.keeper)
        return Worker(bench, self.handlers(), name=self.name(), lease_s=self.lease_s, kept_s=self.kept_s, quit=self.leave).run()

    def quit(self) -> None:
        """Give the job at hand back and end."""
        self.leave.set()


@dataclass(frozen=True)
class RemoteBench:
    """A `jobs.queue.Bench` that is somewhere else.

    A keeper that does not answer is a StorageError, like a database that is away: the worker waits and tries again, and a
    report that was lost on the way leaves a lease that runs out.

    Attributes:
        keeper: the actor that answers.
    """

    keeper: Any

    def claim(self, worker: str, kinds: Collection[str], lease_s: float) -> Lease | None:
        """As `Bench.claim`."""
        lease: Lease | None = self._ask("claim", worker, sorted(kinds), lease_s)
        return lease

    def renew(self, lease: Lease, lease_s: float) -> Job | None:
        """As `Bench.renew`."""
        job: Job | None = self._ask("renew", lease, lease_s)
        return job

    def progress(self, lease: Lease, label: str, done: int, total: int | None, note: str = "") -> bool:
        """As `Bench.progress`."""
        return bool(self._ask("progress", lease, label, done, total, note))

    def complete(self, lease: Lease, outcome: Outcome) -> bool:
        """As `Bench.complete`."""
        return bool(self._ask("complete", lease, outcome))

    def fail(self, lease: Lease, error: str, *, again: bool) -> bool:
        """As `Bench.fail`."""
        return bool(self._ask("fail", lease, error, again=again))

    def stopped(self, lease: Lease) -> bool:
        """As `Bench.stopped`."""
        return bool(self._ask("stopped", lease))

    def lost(self, worker: str) -> int:
        """As `Bench.lost`."""
        return int(self._ask("lost", worker))

    def prune(self, older_s: float, states: Collection[State] = ENDS) -> int:
        """As `Bench.prune`."""
        return int(self._ask("prune", older_s, sorted(states)))

    def pending(self, kinds: Collection[str]) -> bool:
        """As `Bench.pending`."""
        return bool(self._ask("pending", sorted(kinds)))

    def _ask(self, act: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the act
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            return ray.get(self.keeper.call.remote(act, arguments, named))
        except RayTaskError as error:  # what the queue itself said
            raise error.cause from error
        except RayError as error:
            raise StorageError("the keeper of the queue does not answer", found=type(error).__name__) from error
