"""llama.cpp's own converter, fetched once from the source package of llama-cpp-python.

The package is pinned; of its archive only the converter's Python files are unpacked, into a cache.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from services.source_package import SourcePackage

PACKAGE: Final = "llama-cpp-python"
VERSION: Final = "0.3.36"
_CONVERTER: Final = SourcePackage(
    PACKAGE,
    VERSION,
    "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e",
    f"llama_cpp_python-{VERSION}/vendor/llama.cpp/",
    ("convert_hf_to_gguf.py", "conversion/", "gguf-py/gguf/"),
)
PRE_TOKENIZER: Final = "qwen35"  # the split that an own vocabulary declares
# Runs the converter with the pre-tokeniser named where the vocabulary is not one it knows. Where there is
# no tokenizer.model, it need not have sentencepiece to find that out.
_RUN: Final = """
import runpy, sys
root, pre = sys.argv[1:3]
sys.path[:0] = [root + "/gguf-py", root]
import conversion.base as base
known = base.TextModel.get_vocab_base_pre
def declared(self, tokenizer):
    try:
        return known(self, tokenizer)
    except NotImplementedError:
        return pre
base.TextModel.get_vocab_base_pre = declared
pieces = base.TextModel._create_vocab_sentencepiece
def there(self):
    if not (self.dir_model / "tokenizer.model").is_file():
        raise FileNotFoundError("tokenizer.model")
    return pieces(self)
base.TextModel._create_vocab_sentencepiece = there
sys.argv = [root + "/convert_hf_to_gguf.py", *sys.argv[3:]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def default_cache() -> Path:
    """Where the converter is kept."""
    return Path("~/.cache/fada/llama.cpp").expanduser() / VERSION


def converter(cache: Path | None = None) -> Path:
    """The folder of the converter, fetched with pip if it is not there yet.

    Raises:
        subprocess.CalledProcessError: pip cannot fetch it (no network).
        ValueError: what came is not what was pinned.
    """
    folder = cache or default_cache()
    if not folder.exists():
        _CONVERTER.unpack(folder)
    return folder


def _is_qwen35(weights: Path) -> bool:
    """Only those have such a part, and the converter refuses the option for others."""
    architectures = json.loads((weights / "config.json").read_text()).get("architectures", [])
    return any(name.startswith("Qwen3_5") for name in architectures)


def convert(
    weights: Path, out: Path, kind: str, *, mmproj: bool, cache: Path | None = None
) -> None:
    """Writes one GGUF file from a folder in Hugging Face form; ``kind`` is f16, f32 or q8_0. What Qwen3.5
    predicts further tokens with is left out.

    Raises:
        RuntimeError: the converter failed; its last words are in the message.
    """
    root = converter(cache)
    command = [sys.executable, "-c", _RUN, str(root), PRE_TOKENIZER, str(weights)]
    command += [
        "--outfile",
        str(out),
        "--outtype",
        kind,
        *(["--mmproj"] if mmproj else ["--no-mtp"] if _is_qwen35(weights) else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not out.exists():
        raise RuntimeError(f"conversion failed: {done.stderr[-2000:]}")
