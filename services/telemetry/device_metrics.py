"""One line of each metric for each phone or laptop of the field, by the id that its enrolment drew.

Neither a name nor a site is a label. Devices that are revoked lose their lines, which
prometheus_client's own gauges cannot do where several processes share them; this is for one process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

MOST = 2000  # devices that are shown; a programme that has more reads the sums
_RELEASE = re.compile(r"[a-z0-9][a-z0-9.@_-]{0,60}")


@dataclass(frozen=True, slots=True)
class DeviceFigures:
    """What is known of a device: ``contact`` in seconds since 1970; None: it never said."""

    id: str
    contact: float
    release: str = ""
    waiting: float | None = None
    storage_share: float | None = None
    clock_drift_s: float | None = None


_GAUGES = (
    ("contact", "fada_device_last_contact_seconds", "When it was last heard of, or enrolled; since 1970"),
    ("waiting", "fada_device_waiting_cases", "Cases that wait on it"),
    ("storage_share", "fada_device_storage_share", "Of its storage that is used, 0 to 1"),
    ("clock_drift_s", "fada_device_clock_drift_seconds", "By which its clock is ahead"),
)  # fmt: skip


class DeviceMetrics(Collector):
    """Shows what ``show`` was given last."""

    def __init__(self) -> None:
        self._devices: Sequence[DeviceFigures] = ()

    def register(self) -> None:
        """Among the metrics of this process; once."""
        REGISTRY.register(self)

    def show(self, devices: Iterable[DeviceFigures]) -> None:
        """These and no others from now on, the first ``MOST`` of them."""
        self._devices = list(devices)[:MOST]

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client."""
        devices = self._devices
        for field, name, words in _GAUGES:
            family = GaugeMetricFamily(name, words, labels=["device"])
            for device in devices:
                if (value := getattr(device, field)) is not None:
                    family.add_metric([device.id], value)
            yield family
        releases = GaugeMetricFamily(
            "fada_device_release", "1 for the release it reads with", labels=["device", "release"]
        )
        for device in devices:
            if device.release:
                known = _RELEASE.fullmatch(device.release)
                releases.add_metric([device.id, device.release if known else "other"], 1)
        yield releases
