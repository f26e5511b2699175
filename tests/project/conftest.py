"""What several tests of whole projects share."""

import pytest

from tests.support.bake import Project


@pytest.fixture
def japanese(project: Project) -> Project:
    """A project whose commands speak Japanese."""
    project.edit("pyproject.toml", 'language = "en"', 'language = "ja"')
    return project
