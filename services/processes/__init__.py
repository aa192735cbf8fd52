"""Child processes: started, watched, restarted, and ended whatever happens to their parent."""
