"""Word to people that a study is ready: without patient data, by e-mail and to their browsers."""
