"""config.pbtxt says what services.reading.contract says."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelQueuePolicy

from services.inference.wire import MAX_BATCH
from services.reading import contract

FILE = Path(__file__).parents[4] / "models" / "triton" / "fada" / "config.pbtxt"
TYPES = {"TYPE_UINT8": "UINT8", "TYPE_FP32": "FP32", "TYPE_STRING": "BYTES"}


@pytest.fixture(scope="module")
def config():
    return text_format.Parse(FILE.read_text(), ModelConfig())


def tensors(fields):
    return tuple(
        contract.Tensor(
            f.name,
            TYPES[
                type(f)
                .DESCRIPTOR.fields_by_name["data_type"]
                .enum_type.values_by_number[f.data_type]
                .name
            ],
            tuple(f.dims),
        )
        for f in fields
    )


def test_name_inputs_and_outputs(config):
    assert config.name == contract.MODEL_NAME
    assert config.backend == "python"
    assert tensors(config.input) == contract.INPUTS
    given = [t for t in tensors(config.output) if t != contract.HEAT_OUTPUT]
    assert tuple(given) == contract.OUTPUTS
    assert len(given) == len(config.output) - 1


def test_batches_and_a_queue_with_an_end(config):
    assert config.max_batch_size == MAX_BATCH
    batching = config.dynamic_batching
    assert max(batching.preferred_batch_size) <= MAX_BATCH
    assert batching.default_queue_policy.max_queue_size > 0
    assert batching.default_queue_policy.allow_timeout_override
    assert batching.default_queue_policy.timeout_action == ModelQueuePolicy.REJECT
    assert config.instance_group[0].count == 1
