"""An examination of one woman, read as one: charts, weight, dating rule and summary. Pure."""
