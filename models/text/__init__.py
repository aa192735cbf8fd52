"""The text half of the unified model: tokenizer, Qwen3.5-shaped network, generated sentences."""
