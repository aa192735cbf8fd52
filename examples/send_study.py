"""Send DICOM files by STOW-RS, wait for the report, print what was measured.

    FADA_URL=http://127.0.0.1:8042 FADA_KEY=fada_... python examples/send_study.py scan1.dcm scan2.dcm

Needs: dicomweb-client, pydicom, httpx.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import httpx
import pydicom
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session


def send(url: str, key: str, paths: list[str]) -> set[str]:
    """Store the files; returns their Study Instance UIDs. Sending twice is harmless."""
    session = create_session()
    session.headers["Authorization"] = f"Bearer {key}"
    datasets = [pydicom.dcmread(path) for path in paths]
    DICOMwebClient(f"{url}/dicomweb", session=session).store_instances(datasets)
    return {str(dataset.StudyInstanceUID) for dataset in datasets}


def wait_for_report(api: httpx.Client, study_uid: str, seconds: float = 300.0) -> dict[str, Any]:
    """The latest result of the study. Raises RuntimeError when its analysis failed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = api.get("/api/studies", params={"study_uid": study_uid}).raise_for_status()
        for study in answer.json()["items"]:
            if study["state"] == "failed":
                raise RuntimeError(f"the analysis failed: {study['error_code']}")
            if study["latest_version"]:
                answer = api.get(f"/api/studies/{study['id']}/results/latest").raise_for_status()
                result: dict[str, Any] = answer.json()
                return result
        time.sleep(1.0)
    raise TimeoutError("there is no report yet; the hub goes on without this program")


def main() -> None:
    """Send what the command line names."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    url, key = os.environ["FADA_URL"].rstrip("/"), os.environ["FADA_KEY"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as api:
        for study_uid in sorted(send(url, key, sys.argv[1:])):
            result = wait_for_report(api, study_uid)
            print(f"study {study_uid}, version {result['version']}: {result['label']}")
            for frame in result["report"]["frames"]:
                plane = (frame["plane"] or {}).get("label", "unknown plane")
                print(f"  {plane}")
                for measurement in frame["measurements"]:
                    if measurement["mm"] is not None:
                        print(f"    {measurement['name']}: {measurement['mm']:.1f} mm")
                    else:
                        print(
                            f"    {measurement['name']}: {measurement['px']:.0f} px, not calibrated"
                        )


if __name__ == "__main__":
    main()
