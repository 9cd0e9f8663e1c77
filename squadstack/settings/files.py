"""Configuration files, read for any command; a fault is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from squadstack.exceptions import ConfigurationError


def read_file(path: str) -> dict[str, Any]:
    """What a configuration file says.

    Raises:
        ConfigurationError: It cannot be read, or holds no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text())
    except OSError as error:
        msg = f"The configuration file {path} cannot be read: {error.strerror}."
        raise ConfigurationError(msg) from None
    except ValueError as error:
        at = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"The configuration file {path} is not JSON{at}."
        raise ConfigurationError(msg) from None
    if not isinstance(content, dict):
        msg = f"The configuration file {path} must hold one JSON object."
        raise ConfigurationError(msg)
    return content
