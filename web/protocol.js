/**
 * The OpenAI Realtime events this page sends, and what it reads out of those it gets. Names and shapes are the
 * convention's; `concierge.*` are the house's additions. No I/O here.
 */
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** `item_` and 96 random bits (crypto.randomUUID would need HTTPS, which a shop's local network may lack). */
export const newItemId = () => `item_${hex(crypto.getRandomValues(new Uint8Array(12)))}`;

export const socketPath = (session) =>
  `/v1/realtime?${new URLSearchParams(session ? { session_id: session } : {})}`;

const CREATE = "create:";

export const createItem = ({ id, text }) => ({
  type: "conversation.item.create",
  event_id: CREATE + id,
  item: { id, type: "message", role: "user", content: [{ type: "input_text", text }] },
});

export const deleteItem = (id) => ({ type: "conversation.item.delete", item_id: id });
export const createResponse = () => ({ type: "response.create", event_id: "respond" });
export const cancelResponse = () => ({ type: "response.cancel", event_id: "cancel" });

/** Which of our events an `error` answers: {create: item id}, {respond: true}, or {} for another. */
export function blamed({ event_id: id }) {
  if (id?.startsWith(CREATE)) return { create: id.slice(CREATE.length) };
  return id === "respond" ? { respond: true } : {};
}

/** A conversation item as the page keeps it, or null for kinds that are not shown. */
export function readItem({ id, type, role, status, content = [] }) {
  if (type !== "message" || (role !== "user" && role !== "assistant")) return null;
  return { id, role, status: status ?? "completed", text: content.map((part) => part.text ?? "").join(""), products: [] };
}
