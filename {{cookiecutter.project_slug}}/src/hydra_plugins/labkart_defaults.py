"""Hydra's own settings in a Labkart project. Hydra imports what is in this package before it composes anything."""

from hydra.conf import HydraConf, JobConf, RunDir, SweepDir
from hydra.core.config_store import ConfigStore

# The records are what stays of a run: Hydra keeps no folders and no logs beside them.
_settings = HydraConf(
    run=RunDir("outputs/records"),
    sweep=SweepDir("outputs/records/sweep", "."),
    output_subdir=None,
    job=JobConf(name="labkart", chdir=False),
)
for _default in _settings.defaults:
    _default.update({group: "none" for group in ("hydra_logging", "job_logging") if group in _default})

ConfigStore.instance().store(group="hydra", name="config", node=_settings, provider="labkart")
