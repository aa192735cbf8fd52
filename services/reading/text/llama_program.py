"""The child process that holds a release's text model in llama.cpp: a program, started by
``llama_process``. What aborts in native code ends this process and none other.

It speaks JSON, a line each, on standard input and output: first the model to load, then images, or findings
of one, and questions about the last of them. It imports the standard library and llama.cpp alone.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import secrets
import signal
import sys
import threading
from contextlib import suppress
from typing import IO, Any

# The prompt is passed piece by piece, as the release has it: no chat template of the file's own.
_VERBATIM = "{% for m in messages %}{% for c in m.content %}{{ c.text }}{% endfor %}{% endfor %}"
_LIKELIER_TO_BE_KILLED = "500"  # when memory runs out, before the process that started this one


def main() -> None:
    """Load, then answer until standard input ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever stops a service finishes its image first
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints is no answer
    requests = _lines(sys.stdin)
    order = requests.get()
    _bound(int(order["memory"]))
    try:
        model = Model(order)
    except Exception:  # the binding raises plain RuntimeError and more
        _answer(answers, {"error": "load"})
        return
    _answer(answers, {"ready": True})
    while True:
        request = requests.get()
        if "seen" in request:
            # Ends this process also when nobody is left to do so: the signal needs no Python.
            signal.alarm(int(request["seconds"]))
            model.see(request["seen"])
            continue
        try:
            answer = model.complete(request)
        except Exception:
            answer = {"error": "complete"}
        _answer(answers, answer)


class Model:
    """A loaded text.gguf, with its mmproj.gguf where it reads images."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Raises whatever the binding raises."""
        import xllamacpp

        self._to_grammar = xllamacpp.json_schema_to_grammar
        self._server: Any = xllamacpp.Server(_parameters(xllamacpp, order))
        self._seen: dict[str, Any] = {}

    def see(self, part: dict[str, Any]) -> None:
        """Questions are about this part of a message from now on: an image's data URL, or a text."""
        self._seen = part

    def complete(self, request: dict[str, Any]) -> dict[str, Any]:
        """One completion. Raises what the binding raises, and KeyError."""
        asked: dict[str, Any] = {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": request["before"]},
                        self._seen,
                        {"type": "text", "text": request["after"]},
                    ],
                }
            ],
            "temperature": 0,
            "top_k": 1,
            "max_tokens": request["most"],
            "cache_prompt": True,
        }
        if request["schema"] is not None:
            asked["grammar"] = self._to_grammar(request["schema"])
        elif request["grammar"]:
            asked["grammar"] = request["grammar"]
        answer = self._server.handle_chat_completions(asked)
        choice, usage = answer["choices"][0], answer["usage"]
        details = usage.get("prompt_tokens_details") or {}
        return {
            "text": str(choice["message"]["content"] or ""),
            "finish": choice.get("finish_reason"),
            "cached": int(details.get("cached_tokens", 0)),
            "tokens": int(usage.get("completion_tokens", 0)),
        }


def _parameters(xllamacpp: Any, order: dict[str, Any]) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["text"]
    if order["mmproj"]:
        parameters.mmproj.path = order["mmproj"]
        # Both runtimes must count the same image tokens: exactly those of T x T.
        parameters.image_min_tokens = parameters.image_max_tokens = order["image_tokens"]
    parameters.n_ctx = order["context"]
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = order["threads"]
    parameters.cpuparams_batch.n_threads = order["threads"]
    parameters.warmup = False
    parameters.chat_template, parameters.use_jinja = _VERBATIM, True
    # What the model writes is taken as it is: no thoughts or tool calls are looked for in it.
    parameters.force_pure_content_parser = True
    parameters.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    parameters.n_ctx_checkpoints = 4
    parameters.cache_ram_mib = 0
    parameters.verbosity = -1
    # The binding listens on a loopback port of its own; nobody knows the key, nobody can ask.
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    parameters.api_keys = [secrets.token_hex(32)]
    return parameters


def _bound(memory: int) -> None:
    """At most ``memory`` bytes of its own beside the mapped weights, and the first to go."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_LIKELIER_TO_BE_KILLED)


def _lines(source: IO[str]) -> queue.SimpleQueue[dict[str, Any]]:
    """Requests, read beside the work: when whoever asks is gone, this process ends at once."""
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            requests.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return requests


def _answer(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
