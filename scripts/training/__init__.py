"""What teaches the small model: its chats, LoRA, and the way into GGUF."""
