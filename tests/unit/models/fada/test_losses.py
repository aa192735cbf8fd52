import torch

from models.data.batches import Batch, Batches
from models.data.manifest import read_manifest
from models.data.samples import load_samples
from models.fada.losses import giou, moments, total_loss


def batch_of(data):
    samples = load_samples([r for r in read_manifest(data) if r.split == "train"], 72)
    return Batch(*Batches(samples, 64, 16, 1)[0])


def test_giou_of_equal_shifted_and_distant_boxes():
    a = torch.tensor([[0.5, 0.5, 0.2, 0.2]])
    iou, generalised = giou(a, a)
    assert abs(float(iou) - 1) < 1e-5
    assert abs(float(generalised) - 1) < 1e-5
    iou, _ = giou(a, torch.tensor([[0.6, 0.5, 0.2, 0.2]]))
    assert abs(float(iou) - 1 / 3) < 1e-4
    _, far = giou(a, torch.tensor([[0.9, 0.9, 0.02, 0.02]]))
    assert float(far) < 0


def test_moments_follow_the_area():
    small, large = torch.zeros(1, 32, 32), torch.zeros(1, 32, 32)
    small[:, 8:16, 8:16], large[:, 8:24, 8:24] = 1, 1
    assert (
        abs(float(moments(large)[0, 0] - moments(small)[0, 0]) - torch.log(torch.tensor(4.0)))
        < 1e-4
    )


def test_what_is_not_labelled_has_no_gradient(data, network):
    batch = batch_of(data)
    batch.mask_known.zero_()
    batch.present.fill_(-1)
    batch.keypoints_known.zero_()
    network.train()
    loss, _ = total_loss(network(batch.image.float() / 255), batch)
    loss.backward()
    assert float(network.masks.out.weight.grad.abs().sum()) == 0
    assert float(network.local_head.second.presence.grad.abs().sum()) == 0
    assert float(network.global_head.plane.weight.grad.abs().sum()) > 0


def test_learning_lowers_the_loss(data, network):
    batch = batch_of(data)
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        loss, _ = total_loss(network(batch.image.float() / 255), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
