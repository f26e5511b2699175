"""What SLURM says of a job, in words."""

import pytest

from labkart.experiments.slurm_job import JobStatus, one_line


@pytest.mark.parametrize(
    ("status", "text", "has_ended", "loss"),
    [
        (JobStatus("PENDING", "Resources"), "pending: Resources", False, None),
        (JobStatus("RUNNING", "", "node1"), "running: node1", False, None),
        (JobStatus("COMPLETED"), "completed", True, None),
        (JobStatus("TIMEOUT"), "timeout", True, "it reached its time limit (timeout_min)"),
        (
            JobStatus("PENDING", "InvalidQOS"),
            "pending: InvalidQOS",
            False,
            "it would never start (InvalidQOS)",
        ),
        (JobStatus(), "gone", True, None),
    ],
)
def test_a_status_says_whether_the_job_has_ended_and_why_there_is_no_result(
    status: JobStatus, text: str, has_ended: bool, loss: str | None
) -> None:
    assert (str(status), status.has_ended, status.loss) == (text, has_ended, loss)


def test_what_a_command_complained_of_is_one_line() -> None:
    text = "sbatch: error: Batch job submission failed.\n\n  sbatch: fatal: no such node\n"
    assert one_line(text) == "Batch job submission failed.; no such node"
