"""The hub as the device sees it: small JSON first, images in resumable pieces, releases by Range."""

from edge.agent.hub.answers import NoRoom
from edge.agent.hub.client import Hub
from edge.agent.hub.enrolment import enrol

__all__ = ["Hub", "NoRoom", "enrol"]
