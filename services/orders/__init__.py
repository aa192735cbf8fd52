"""Orders and news of patients as other systems send them: HL7 v2 and FHIR become the domain's own."""
