"""Gestational age by the last menstrual period. Age by measurements stands in ``biometry``."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.domain.dicom_json import LAST_MENSTRUAL_DATE, STUDY_DATE, Attributes, first_date

# No pregnancy lasts longer: a period that lies further back is a slip, or of another pregnancy.
LONGEST_PREGNANCY_DAYS: Final = 45 * 7


def last_period_of(attributes: Attributes, stated: date | None = None) -> date | None:
    """First day of the last period: ``stated`` where a person gave it, else as the study says."""
    return stated or first_date(attributes, LAST_MENSTRUAL_DATE)


def age_by_last_period(attributes: Attributes, stated: date | None = None) -> float | None:
    """Gestational age in days on the day of the study.

    Args:
        attributes: the study's attributes in the DICOM JSON model.
        stated: first day of the last period where a person gave it; it goes before the study's own.

    Returns:
        None when either date is unknown, or the age is not within 1 to 315 days (45 weeks).
    """
    period, seen = last_period_of(attributes, stated), first_date(attributes, STUDY_DATE)
    if period is None or seen is None:
        return None
    days = (seen - period).days
    return float(days) if 0 < days <= LONGEST_PREGNANCY_DAYS else None
