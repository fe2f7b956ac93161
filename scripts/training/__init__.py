"""What teaches the small model: data, LoRA, and the way into GGUF."""
