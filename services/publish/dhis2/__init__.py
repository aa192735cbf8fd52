"""Results as events of a DHIS2 tracker programme, by a mapping that the programme's people write."""
