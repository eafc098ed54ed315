"""Naming: what the city calls the things that rules name by code."""

from kernel.db import Reading
from rewards import action_types, campaigns, districts
from rewards.explaining import in_language
from rewards.wording import Names


def names(reading: Reading, language: str) -> Names:
    """Return the names of actions, campaigns and districts in the reader's language."""
    return Names(
        actions={one.code: in_language(one.names, language) for one in action_types.every(reading)},
        campaigns={one.code: in_language(one.names, language) for one in campaigns.every(reading)},
        districts=districts.names(reading),
    )
