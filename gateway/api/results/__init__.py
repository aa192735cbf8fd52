"""Results as people and programs fetch them: versions, formats, artefacts, links, questions, maps."""
