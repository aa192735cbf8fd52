"""A report as FHIR R4: the transaction bundle, and a server that takes it."""

from services.publish.fhir.bundle import MEDIA_TYPE, document, models
from services.publish.fhir.outgoing import Known, for_server
from services.publish.fhir.study import ImageRef

__all__ = ["MEDIA_TYPE", "ImageRef", "Known", "document", "for_server", "models"]
