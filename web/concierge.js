import { patiently } from "./backoff.js";
import { Connection } from "./connection.js";
import * as protocol from "./protocol.js";
import { ask } from "./secret.js";
import { lasting, passing } from "./storage.js";

const BUSY_S = 4;
const BUSY_CODES = new Set(["server_busy", "rate_limit_exceeded", "store_unavailable"]);
const ACTIVE = "conversation_already_has_active_response";
const KEPT = "item_exists";
const GONE = "session_not_found";

/**
 * The page's only door to the backend, so that another one (a model in this very browser) can stand behind the same page.
 *
 * Events, each with one object:
 * - `state`    {state: "connecting" | "ready" | "offline" | "busy", retryAt}
 * - `item`     {id, role, text, status, products, asked}: a message is new or has changed; a shopper's is "pending" until
 *              it is kept, a reply says by `asked` which message it answers
 * - `asked`    {id}: the reply to this message of the shopper's is on its way
 * - `products` {id, products}, `delta` {id, text}: what a reply shows and says
 * - `done`     {id, asked, status: "completed" | "cancelled" | "incomplete" | "failed", message}: it has ended
 * - `removed`  {id}: a message is no longer part of the conversation
 * - `restored` {items}: an earlier conversation is back; `fresh` {reason: "new" | "expired", previous}: another began
 * - `marked`   {marks}: the house has noted a wish for a person, a complaint, an order, or a question it must pass on
 */
export const createConcierge = () => new Concierge();

const lastQuestion = (items) => [...items.values()].findLast(({ role }) => role === "user");

class Concierge {
  #events = new EventTarget();
  #connection = new Connection({
    path: () => protocol.socketPath(this.#session),
    onEvent: (event) => this.#handlers[event.type]?.(event),
    onDown: (down) => this.#down(down),
  });
  #session = lasting.load("session");
  #items = new Map();
  #outbox = passing.load("outbox", []); // typed by the shopper, not yet known to be kept by the house
  #awaiting = passing.load("awaiting"); // the shopper's message that has no whole reply yet
  #reply = null; // {asked, id} while one is on its way
  #replay = null; // items the server told us of since it resumed, until it says that these were all
  #live = false;
  #pause = 0;

  on(type, listener) {
    this.#events.addEventListener(type, ({ detail }) => listener(detail));
  }

  connect() {
    this.#emit("state", { state: "connecting" });
    this.#connection.open();
  }

  send(text) {
    const item = { id: protocol.newItemId(), role: "user", status: "pending", text, products: [] };
    this.#queue([...this.#outbox, item]);
    this.#emit("item", item);
    this.#advance();
  }

  stop() {
    if (this.#reply) this.#connection.send(protocol.cancelResponse());
    else if (this.#awaiting) this.#finish({ asked: this.#awaiting, id: null }, "cancelled");
  }

  /** Answer the last message once more. */
  retry() {
    if (this.#reply) return;
    const last = lastQuestion(this.#items);
    if (!last) return;
    this.#removeReplies(last.id);
    this.#await(last.id);
    this.#advance();
  }

  newChat() {
    this.#switch(null, "new");
  }

  /** Go back to a conversation that newChat() left. */
  open(session) {
    this.#switch(session, null);
  }

  house = () => patiently(() => ask("/v1/house"));
  product = (id) => ask(`/v1/products/${encodeURIComponent(id)}`);
  products = (ids) => ask(`/v1/products?${new URLSearchParams({ ids: ids.join(",") })}`);

  #handlers = {
    "session.created": ({ session }) => {
      if (session.id === this.#session) {
        this.#replay = new Map();
        return;
      }
      if (this.#session) this.#forget("expired");
      this.#session = session.id;
      lasting.save("session", session.id);
      this.#ready();
    },
    "concierge.resumed": () => {
      this.#reconcile();
      if (this.#items.size) this.#emit("restored", { items: this.#items.size });
      this.#ready();
    },
    "conversation.item.added": ({ item }) => this.#take(item),
    "conversation.item.done": ({ item }) => this.#take(item),
    "conversation.item.deleted": ({ item_id: id }) => this.#remove(id),
    "response.output_item.added": ({ item }) => this.#take(item),
    "concierge.products": ({ item_id: id, products }) => {
      const item = this.#replay?.get(id) ?? this.#items.get(id);
      if (!item) return;
      item.products = products;
      if (!this.#replay) this.#emit("products", { id, products });
    },
    "response.output_text.delta": ({ item_id: id, delta }) => {
      const item = this.#items.get(id);
      if (!item) return;
      item.text += delta;
      this.#emit("delta", { id, text: delta });
    },
    "response.done": ({ response }) => this.#ended(response),
    "concierge.marked": ({ marks }) => this.#emit("marked", { marks }),
    error: ({ error }) => this.#failed(error),
  };

  #ready() {
    this.#live = true;
    this.#connection.settle();
    for (const item of this.#outbox) this.#emit("item", item);
    this.#emit("state", { state: "ready" });
    this.#advance();
  }

  #down({ refused, retryAt }) {
    this.#live = false;
    this.#reply = null;
    this.#replay = null;
    this.#resumeAt(0);
    this.#emit("state", { state: refused ? "busy" : "offline", retryAt });
  }

  /** Send what is due: the reply still owed first, then the next message in the outbox. */
  #advance() {
    if (!this.#live || this.#reply || this.#pause) return;
    const [next] = this.#outbox;
    const owed = this.#awaiting && this.#awaiting !== next?.id;
    if (!owed && !next) return;
    if (!owed) {
      this.#await(next.id);
      this.#connection.send(protocol.createItem(next));
    }
    this.#reply = { asked: this.#awaiting, id: null };
    this.#connection.send(protocol.createResponse());
    this.#emit("asked", { id: this.#awaiting });
  }

  #take(raw) {
    const item = protocol.readItem(raw);
    if (!item) return;
    if (this.#replay) {
      item.asked = lastQuestion(this.#replay)?.id;
      item.products = this.#replay.get(item.id)?.products ?? [];
      this.#replay.set(item.id, item);
      return;
    }
    const known = this.#items.get(item.id);
    if (this.#outbox.some(({ id }) => id === item.id)) this.#queue(this.#outbox.filter(({ id }) => id !== item.id));
    if (item.role === "assistant") {
      item.asked = known?.asked ?? this.#reply?.asked ?? lastQuestion(this.#items)?.id;
      if (this.#reply) this.#reply.id = item.id;
    }
    // While it streams, the deltas are ahead of the item that announced it.
    const text = item.status === "in_progress" ? (known?.text ?? item.text) : item.text;
    this.#items.set(item.id, { ...item, text, products: known?.products ?? [] });
    this.#emit("item", this.#items.get(item.id));
  }

  /** Make the page's items those that the server keeps; what only the page had was lost with the connection. */
  #reconcile() {
    const kept = this.#replay;
    this.#replay = null;
    for (const id of [...this.#items.keys()]) if (!kept.has(id)) this.#remove(id);
    this.#items = kept;
    this.#queue(this.#outbox.filter(({ id }) => !kept.has(id)));
    for (const item of kept.values()) this.#emit("item", item);
    if (!kept.has(this.#awaiting)) this.#await(null);
    else if (this.#repliesTo(this.#awaiting).some(({ status }) => status === "completed")) this.#await(null);
    else this.#removeReplies(this.#awaiting);
  }

  #ended({ id: response, status, status_details: details }) {
    const reply = this.#reply;
    if (!reply || !response) return;
    const error = details?.error;
    if (status === "failed" && BUSY_CODES.has(error?.code)) {
      this.#reply = null;
      this.#removeReplies(reply.asked);
      this.#hold(error.retry_after);
    } else {
      this.#finish(reply, status, error?.message);
    }
  }

  #failed(error) {
    const { create, respond } = protocol.blamed(error);
    if (error.code === GONE) {
      this.#switch(null, "expired");
    } else if ((create || respond) && BUSY_CODES.has(error.code)) {
      this.#reply = null;
      this.#hold(error.retry_after);
    } else if (respond && error.code === ACTIVE) {
      // A reply that a lost connection began, or another tab, has not ended yet: see in a moment what came of it.
      this.#live = false;
      this.#reply = null;
      this.#connection.again();
    } else if (create && error.code === KEPT) {
      this.#queue(this.#outbox.filter(({ id }) => id !== create));
    } else if (create && this.#outbox.some(({ id }) => id === create)) {
      this.#queue(this.#outbox.filter(({ id }) => id !== create));
      this.#finish({ asked: create, id: null }, "failed", error.message);
    } else if (respond && this.#reply) {
      this.#finish(this.#reply, "failed", error.message);
    }
  }

  #finish(reply, status, message = "") {
    this.#reply = null;
    this.#await(null);
    this.#emit("done", { ...reply, status, message });
    this.#advance();
  }

  /** The house is busy: ask again by ourselves. */
  #hold(seconds) {
    const wait = (seconds || BUSY_S) * 1000;
    this.#resumeAt(wait);
    this.#emit("state", { state: "busy", retryAt: Date.now() + wait });
  }

  #resumeAt(wait) {
    clearTimeout(this.#pause);
    this.#pause = 0;
    if (!wait) return;
    this.#pause = setTimeout(() => {
      this.#pause = 0;
      this.#emit("state", { state: "ready" });
      this.#advance();
    }, wait);
  }

  #repliesTo(id) {
    const items = [...this.#items.values()];
    const from = items.findIndex((item) => item.id === id);
    return from < 0 ? [] : items.slice(from + 1).filter(({ role }) => role === "assistant");
  }

  #removeReplies(asked) {
    for (const { id } of this.#repliesTo(asked)) {
      this.#connection.send(protocol.deleteItem(id));
      this.#remove(id);
    }
  }

  #remove(id) {
    if (this.#items.delete(id)) this.#emit("removed", { id });
  }

  #switch(session, reason) {
    this.#live = false;
    this.#resumeAt(0);
    if (reason !== "expired") this.#queue([]);
    this.#forget(reason);
    this.#session = session;
    lasting.save("session", session);
    this.connect();
  }

  #forget(reason) {
    const previous = this.#items.size ? this.#session : null;
    this.#items.clear();
    this.#reply = null;
    this.#await(null);
    this.#emit("fresh", { reason, previous });
  }

  #queue(items) {
    this.#outbox = items;
    passing.save("outbox", items.length ? items : null);
  }

  #await(id) {
    this.#awaiting = id;
    passing.save("awaiting", id);
  }

  #emit(type, detail) {
    this.#events.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
