"""The processes in which the tasks of a build run, so that one that dies takes nothing along.

Knows luigi's worker. Knows no experiments, and of one process only what `forked_process` tells.
"""

import faulthandler
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from queue import Empty
from typing import IO, Any

from luigi.task_status import DONE, FAILED

from labkart import _compat, signals
from labkart.experiments.allocation import Allocation, Allocator
from labkart.experiments.forked_process import ForkedProcess, describe_end, unpack
from labkart.language import translate
from labkart.records.locks import locked_if_free
from labkart.tasks import debugger
from labkart.tasks.context import context
from labkart.tasks.resources import Resources
from labkart.tasks.task import Task, record_death

_PAUSE = 0.5  # seconds between two looks at processes that send nothing

# Else PyTorch's `cuda.is_available()`, called here, would keep the processes from the card.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")


@dataclass
class ProcessPool:
    """The processes of tasks, which several builds may share, such as those of a search's trials.

    Then a process goes on with the tasks of the next build, and whoever made the pool closes it.
    """

    processes: list[ForkedProcess] = field(default_factory=list)

    def close(self) -> None:
        """End all processes, and wait until they have ended."""
        for process in self.processes:
            process.release()
        signals.join(self.processes)


class TaskProcesses:
    """Runs the tasks of luigi's worker, and is the queue of their results.

    A single process runs one task after another: what tasks import is imported once. A task that
    was made after it was forked is handed over, if it sees the same there. Where several run at
    once, each ends with its task, and leaves memory and graphics card to the others.

    Args:
        worker: luigi's; from now on it runs its tasks by this object.
        count: how many tasks run at once; 0 runs them in this process, one after another.
        allocator: knows what each task has of what is scarce.
        beat: is called every half a second or so.
        pool: the processes of several builds; None for processes of this one alone.
    """

    def __init__(
        self,
        worker: Any,
        count: int,
        allocator: Allocator,
        beat: Callable[[], None],
        pool: ProcessPool | None = None,
    ) -> None:
        self._count, self._allocator = count, allocator
        self._leader = os.getpid()
        self._children = signals.children()  # which are not of tasks
        signals.adopt_orphans()
        self._pool, self._is_shared = pool or ProcessPool(), pool is not None
        for process in self._pool.processes:
            process.task_ids.clear()  # of an earlier build
        self._running: dict[str, _TaskRun] = {}
        self._results = deque[tuple[Any, ...]]()
        self._create, self._tasks = _compat.replace_processes(worker, self._new_run, self, beat)

    def put(self, result: tuple[Any, ...]) -> None:
        """Add a result, as luigi's worker takes it."""
        self._results.append(result)

    def get(self, timeout: float) -> tuple[Any, ...]:
        """The next result. Raises `queue.Empty` if none comes within so many seconds."""
        if not self._results:
            pipes = [run.process.pipe for run in self._running.values()]
            # One that ends gives back what it had, and another task may begin.
            wait([*pipes, *self._ending()], min(timeout, _PAUSE))
            for run in list(self._running.values()):
                self._look_after(run)
        if not self._results:
            raise Empty
        return self._results.popleft()

    def close(self) -> None:
        """End all processes that no other build will use, and wait until they have ended."""
        if self._running or not self._is_shared:
            self._pool.close()

    def start(self, run: "_TaskRun") -> None:
        """Let a process run a task."""
        run.allocation = self._allocator.of(run.task.task_id)
        last = self._pool.processes[-1] if self._pool.processes and self._count == 1 else None
        if last and last.is_alive() and last.run_next_task(run.task, run.allocation):
            run.process = last
        else:
            self._start_in_new_process(run)
        run.started = time.time()
        self._running[run.task.task_id] = run

    def _new_run(self, task: Task[Any]) -> Any:
        run = self._create(task)
        run.use_multiprocessing = False  # a time limit would set it
        if self._count:
            return _TaskRun(self, task, run.worker_timeout)
        self._allocator.of(task.task_id).apply()
        return run

    def _ending(self) -> list[int]:
        """What tells the end of processes that still have something that is scarce."""
        running = [run.process for run in self._running.values()]
        ending = [process for process in self._pool.processes if process.allocation.claim]
        return [process.sentinel for process in ending if process not in running]

    def _start_in_new_process(self, run: "_TaskRun") -> None:
        """Fork a process that knows all tasks of this moment, and let it run one of them."""
        if self._count == 1:
            self._pool.close()
        processes = [process for process in self._pool.processes if process.is_alive()]
        pipes = [run.process.pipe for run in self._running.values()]
        run.process = ForkedProcess(self._serve, set(self._tasks), run.allocation, pipes)
        run.process.run_task(run.task.task_id)
        self._pool.processes = [*processes, run.process]

    def _look_after(self, run: "_TaskRun") -> None:
        """Take the result of a task if it has ended, in whatever way."""
        is_alive = run.is_alive()  # looked at first: what it has sent by then is in the pipe
        try:
            if run.process.pipe.poll():
                self._take(run, run.process.pipe.recv())
            elif not is_alive:
                raise EOFError
            elif run.limit and time.time() > run.started + run.limit:
                run.terminate()
                signals.join([run.process])
                self._fail(
                    run, translate("ran longer than its limit of {seconds:g} s", seconds=run.limit)
                )
        except (EOFError, OSError):
            run.process.join()
            self._fail(run, describe_end(run.process.exitcode))

    def _take(self, run: "_TaskRun", result: tuple[Any, ...] | None) -> None:
        """Take what a process sent: a result, or that it cannot make the task."""
        if result:
            self._end(run, result)
        else:
            self._start_in_new_process(run)

    def _fail(self, run: "_TaskRun", error: str) -> None:
        """Record why a task has no result, unless it was committed before its process ended."""
        # What it has started, such as joblib's processes, would keep its memory.
        own = {process.pid for process in multiprocessing.active_children()}
        if context.monitor:  # it keeps the logs of all tasks
            own.add(context.monitor.process)
        signals.kill(signals.children() - self._children - own)
        if run.task.complete():
            with suppress(OSError), locked_if_free(run.task.task_id):
                pass  # it removes the lock, which the dead process left
            self._end(run, (run.task.task_id, DONE, "", [], []))
            return
        used = Resources(time.time() - run.started, allocation=run.allocation.record)
        record_death(run.task, error, run.process.stack(), used)
        self._end(run, (run.task.task_id, FAILED, error, [], []))

    def _end(self, run: "_TaskRun", result: tuple[Any, ...]) -> None:
        del self._running[run.task.task_id]
        self._results.append(result)
        if self._count > 1 or run.allocation.claim:
            run.process.release()

    def _serve(
        self,
        pipe: Connection,
        allocation: Allocation,
        others: Sequence[Connection],
        stack: IO[bytes],
    ) -> None:
        """In the other process: run the tasks that the first one names until it closes the pipe."""
        signals.follow_leader(self._leader)
        self._allocator.leave_to_leader()
        allocation.apply()
        faulthandler.enable(stack)
        debugger.refuse_breakpoints()
        _compat.clear_exit_functions()
        for other in others:  # else they would stay open when the first process dies
            other.close()
        try:
            while True:
                task_id, packed = pipe.recv()
                task = unpack(packed) if packed else self._tasks[task_id]
                if task is None:
                    pipe.send(None)
                    continue
                run = self._create(task)
                run.result_queue = _ResultPipe(pipe)
                run.run()
        # There are no more tasks, the first process has died, or a task raised an interrupt itself.
        except (EOFError, OSError, KeyboardInterrupt):
            pass
        finally:
            _compat.run_exit_functions()
            # Python would wait for them, and joblib's end only after five idle minutes.
            signals.end(multiprocessing.active_children())


class _TaskRun:
    """One run of a task, as luigi's worker knows it."""

    use_multiprocessing = True

    def __init__(self, processes: TaskProcesses, task: Task[Any], limit: float) -> None:
        self._processes, self.task, self.limit = processes, task, limit
        self.process: Any = None
        self.allocation = Allocation()
        self.started = 0.0

    def start(self) -> None:
        self._processes.start(self)

    def is_alive(self) -> bool:
        # Ctrl-C may come between the choice of a task and the fork of its process.
        return self.process is not None and self.process.is_alive()

    def terminate(self) -> None:
        self.process.terminate()


class _ResultPipe:
    """Where a run puts its result, in the process that runs it."""

    def __init__(self, pipe: Connection) -> None:
        self.put = pipe.send
