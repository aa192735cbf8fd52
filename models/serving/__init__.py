"""Serving of weights in Hugging Face form, as they were published: no merge, no conversion."""
