// The official JavaScript SDK as a client: two turns, a cancellation, a mistake. Prints what it saw as JSON.
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket; // Node.js before 22 has none of its own
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none" });
const onURL = (url) => (url.protocol = "ws"); // the SDK always asks for TLS
const realtime = new OpenAIRealtimeWebSocket({ model: "concierge", dangerouslyAllowBrowser: true, onURL }, client);
const seen = { types: [], words: "", statuses: [], errors: [] };

const next = (type) => new Promise((resolve) => realtime.once(type, resolve));

async function ask(text, response = {}) {
  const content = [{ type: "input_text", text }];
  realtime.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
  realtime.send({ type: "response.create", response });
}

realtime.on("event", ({ type }) => seen.types.push(type));
realtime.on("response.output_text.delta", ({ delta }) => (seen.words += delta));
realtime.on("response.done", ({ response }) => seen.statuses.push(response.status));
realtime.on("error", ({ error }) => seen.errors.push({ code: error?.code, event_id: error?.event_id }));

await next("session.created");
realtime.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
await next("session.updated");
await ask("Good morning", { max_output_tokens: 8 });
await next("response.done");
await ask("Describe a whole wardrobe in many words");
await next("response.output_text.delta");
realtime.send({ type: "response.cancel" });
await next("response.done");
realtime.send({ type: "input_audio_buffer.clear", event_id: "audio" });
realtime.send({ type: "session.update", session: { type: "realtime" } });
await next("session.updated");
realtime.close();
console.log(JSON.stringify(seen));
