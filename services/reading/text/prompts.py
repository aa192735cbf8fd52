"""The words that a release answers to. They come from its manifest, never from code.

No prompt holds anything about a patient: it is the release's own constant text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IMAGE, PROMPT, PLANE = "{image}", "{prompt}", "{plane}"
TURN: Final = "<|im_start|>user\n{image}{prompt}<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True, slots=True)
class Prompts:
    """One prompt a phase; empty: that phase is not asked of the release's text model.

    ``interpret_plane`` holds {plane}: it is asked where the release's heads have named a plane, so
    that the words speak of the same one. ``template`` is the whole turn with {image} before
    {prompt}: what stands before the prompt is the same for all phases, so that the image is encoded
    once. The separators are those of the JSON that the release was taught; no other white space is
    let through, so that no model can fill its answer with it.
    """

    version: str
    interpret: str = ""
    classify: str = ""
    detect: str = ""
    segment: str = ""
    template: str = TURN
    item_separator: str = ","
    key_separator: str = ":"
    interpret_plane: str = ""

    def __post_init__(self) -> None:
        image, prompt = self.template.find(IMAGE), self.template.find(PROMPT)
        if not 0 <= image < prompt:
            raise ValueError("the template must hold {image}, then {prompt}")

    def interpretation(self, plane: str | None) -> str:
        """Phase 1's prompt, with the plane where it is known and the release was taught so."""
        if plane is None or not self.interpret_plane:
            return self.interpret
        return self.interpret_plane.replace(PLANE, plane)

    @property
    def before(self) -> str:
        """What stands before the image."""
        return self.template[: self.template.index(IMAGE)]

    def after(self, prompt: str) -> str:
        """What stands after the image, for one phase."""
        rest = self.template[self.template.index(IMAGE) + len(IMAGE) :]
        return rest.replace(PROMPT, prompt)
