"""A plain vision transformer that holds the teachers' published weights, tokens at chosen depths.

Written from the papers (ViT 2010.11929, MAE 2111.06377, CLIP 2103.00020, SAM 2304.02643): what the
three layouts differ in is a field of `VitConfig`. Nothing here is trained.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class VitConfig:
    """Shape of a transformer. `grid` is its positional grid's side (the image is resized to
    grid * patch); `window` is the side of local attention (0: none), `global_layers` see all."""

    width: int
    depth: int
    heads: int
    hidden: int
    patch: int
    grid: int
    class_token: bool = True
    norm_before: bool = False
    quick_gelu: bool = False
    window: int = 0
    global_layers: tuple[int, ...] = ()
    eps: float = 1e-6


def relative(table: Tensor, side: int) -> Tensor:
    """Rows of a table [2 side - 1, d] for every (query, key) pair on a line: [side, side, d]."""
    at = torch.arange(side)
    return table[at[:, None] - at[None, :] + side - 1]


class Attention(nn.Module):
    """Multi-head attention [N, T, W]; with `side`, SAM's decomposed relative positions are added."""

    def __init__(self, width: int, heads: int, side: int = 0) -> None:
        super().__init__()
        self.heads, self.side = heads, side
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        if side:
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, width // heads))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, width // heads))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [N, T, W] to the same shape, each having attended to all."""
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = None
        if self.side:
            s = self.side
            grid = q.reshape(n, self.heads, s, s, -1)
            rows = torch.einsum("nhyxc,ykc->nhyxk", grid, relative(self.rel_pos_h, s))
            columns = torch.einsum("nhyxc,xkc->nhyxk", grid, relative(self.rel_pos_w, s))
            bias = (rows[..., :, None] + columns[..., None, :]).reshape(
                n, self.heads, tokens, tokens
            )
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        result: Tensor = self.proj(out.transpose(1, 2).reshape(n, tokens, width))
        return result


class Block(nn.Module):
    """Pre-norm block; `window` > 0 attends inside windows of that side."""

    def __init__(self, config: VitConfig, window: int) -> None:
        super().__init__()
        self.window, self.grid, self.quick = window, config.grid, config.quick_gelu
        side = (window or config.grid) if config.window else 0
        self.norm1 = nn.LayerNorm(config.width, config.eps)
        self.attn = Attention(config.width, config.heads, side)
        self.norm2 = nn.LayerNorm(config.width, config.eps)
        self.fc1 = nn.Linear(config.width, config.hidden)
        self.fc2 = nn.Linear(config.hidden, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [N, T, W] to the same shape."""
        y = self.norm1(x)
        x = x + (self._windowed(y) if self.window else self.attn(y))
        h = self.fc1(self.norm2(x))
        h = h * torch.sigmoid(1.702 * h) if self.quick else functional.gelu(h)
        out: Tensor = x + self.fc2(h)
        return out

    def _windowed(self, x: Tensor) -> Tensor:
        n, _, width = x.shape
        g, w = self.grid, self.window
        pad = -g % w
        y = functional.pad(x.reshape(n, g, g, width), (0, 0, 0, pad, 0, pad))
        cells = (g + pad) // w
        y = y.reshape(n, cells, w, cells, w, width).transpose(2, 3).reshape(-1, w * w, width)
        y = self.attn(y).reshape(n, cells, cells, w, w, width).transpose(2, 3)
        whole: Tensor = y.reshape(n, g + pad, g + pad, width)[:, :g, :g]
        return whole.reshape(n, g * g, width)


class Vit(nn.Module):
    """Images [N, 3, G * patch, G * patch], normalised, to tokens after chosen blocks."""

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.config = config
        self.patch = nn.Conv2d(3, config.width, config.patch, config.patch, bias=True)
        tokens = config.grid**2 + int(config.class_token)
        self.position = nn.Parameter(torch.zeros(1, tokens, config.width))
        if config.class_token:
            self.token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.before = (
            nn.LayerNorm(config.width, config.eps) if config.norm_before else nn.Identity()
        )
        self.blocks = nn.ModuleList(
            Block(config, 0 if not config.window or i in config.global_layers else config.window)
            for i in range(config.depth)
        )

    @torch.no_grad()
    def tokens(self, image: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        """Patch tokens [N, G * G, W] after each of `layers` (counted from 0)."""
        x = self.patch(image).flatten(2).transpose(1, 2)
        if self.config.class_token:
            x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        x = self.before(x + self.position)
        kept = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in layers:
                kept.append(x[:, 1:] if self.config.class_token else x)
            if index == max(layers):
                break
        return kept
