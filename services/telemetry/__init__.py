"""What an operator sees: logs, metrics, traces. None of them can carry patient data.

    from services.telemetry import logs, metrics, traces

    logs.setup(settings().log_level)            # once, first thing in a process
    traces.setup("gateway")                     # once; nothing without FADA_OTEL_ENDPOINT
    log = logs.get(__name__)
    with logs.bind(request_id=..., job_id=...), traces.span("analyse", job_id=...):
        log.info("job.started", attempts=1)
    metrics.JOBS.labels("done").inc()
    metrics.phase_seconds.labels(phase="infer").observe(0.2)
    body, media_type = metrics.exposition()     # the gateway's /metrics
    metrics.serve(port, host)                   # a worker's own little server

A process that forks or has brothers calls ``multiprocess.prepare(folder)`` before it imports
``metrics`` (or is started with PROMETHEUS_MULTIPROC_DIR set).
"""
