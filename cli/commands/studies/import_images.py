"""``fada import-images``: pictures and a table become DICOM ultrasound objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import report_text
from cli.counts import counted
from services.domain.errors import FadaError


def import_images(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The pictures.")],
    out: Annotated[Path, typer.Argument(file_okay=False, help="Where the DICOM files go.")],
    table: Annotated[
        Path | None,
        typer.Option("--table", "--csv", exists=True, dir_okay=False, help="CSV with a heading."),
    ] = None,
) -> None:
    """Write PNG and JPEG pictures as DICOM ultrasound objects, with their calibration.

    The table needs one column, 'file'. Others may be there: out, study (rows with the same value
    are one study), pixel_mm or pixel_x_mm and pixel_y_mm (mm per pixel), number, patient_name,
    patient_id, study_date (YYYYMMDD), accession, description, note. Without a pixel size nothing is
    calibrated, and FADA will say pixels, never millimetres.

    A picture that cannot be taken is named, and the others go on; the exit code is then 5.

    Examples:

      fada import-images pictures/ dicom/

      fada import-images pictures/ dicom/ --csv pictures/table.csv && fada send dicom/
    """
    from services.dicom.objects.import_images import import_row, rows_of, rows_of_folder

    rows = rows_of(table) if table is not None else rows_of_folder(folder)
    console, count, calibrated = report_text.console(), 0, 0
    refused: list[str] = []
    for place, row in enumerate(rows, start=1):
        try:
            written = import_row(folder, out, row, place)
        except FadaError as error:
            refused.append(f"{row['file']}: {error.detail}")
            continue
        except OSError as error:
            refused.append(f"{row['file']}: {error.strerror}.")
            continue
        count += 1
        calibrated += written.calibrated
        how = "" if written.calibrated else "  [yellow]not calibrated[/]"
        console.print(f"{written.source} → {written.path}{how}")
    console.print(f"{counted(count, 'object')}, {calibrated} of them calibrated")
    for reason in refused:
        console.print(f"not imported: {reason}", style="red", markup=False)
    if refused or not count:
        raise typer.Exit(5)
