"""Chats to teach a small model: made-up houses and pieces, hand-written turns, the stylist's own prompt."""
