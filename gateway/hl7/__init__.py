"""HL7 v2 by MLLP: a hospital's systems send orders and news of patients."""
