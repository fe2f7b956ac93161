import { prefersStillness } from "./dom.js";
import { Turn } from "./turn.js";

/**
 * The conversation as it stands on the page. It follows the concierge's events and holds no state of its own beyond which
 * message is shown in which turn. The newest question is brought to the top and the reply unrolls below it into room that
 * is already there: nothing that is being read ever moves.
 */
export class Conversation {
  #log;
  #welcome;
  #actions;
  #rowOf;
  #turns = new Map(); // id of a message, of either side -> Turn
  #end;

  /** `log` is the scroller, `welcome` its first child and `end` its last; `rowOf(products)` makes a row of cards. */
  constructor({ log, welcome, end, rowOf, ...actions }) {
    this.#log = log;
    this.#welcome = welcome;
    this.#end = end;
    this.#rowOf = rowOf;
    this.#actions = actions;
  }

  show(item) {
    if (item.role === "user") this.#turnFor(item).ask(item.text, item.status === "pending");
    else this.#reply(item);
  }

  products(id, products) {
    this.#turns.get(id)?.show(this.#rowOf(products));
  }

  append(id, delta) {
    this.#turns.get(id)?.append(delta);
  }

  wait(asked) {
    const turn = this.#turns.get(asked);
    turn?.wait();
    if (turn) this.#bring(turn);
  }

  finish({ id, asked, status, message }) {
    (this.#turns.get(id) ?? this.#turns.get(asked))?.finish(status, message);
  }

  remove(id) {
    const turn = this.#turns.get(id);
    this.#turns.delete(id);
    if (!turn) return;
    if ([...this.#turns.values()].includes(turn)) turn.clear();
    else turn.node.remove();
  }

  clear() {
    for (const turn of new Set(this.#turns.values())) turn.node.remove();
    this.#turns.clear();
    this.greet();
  }

  /** Show the greeting when nothing has been said. */
  greet() {
    this.#welcome.hidden = this.#turns.size > 0;
  }

  /** An earlier conversation is back: show its end, or stay where the shopper was reading. */
  settle() {
    this.greet();
    if (!this.#log.querySelector(".turn.is-current")) this.#log.scrollTo({ top: this.#log.scrollHeight });
  }

  #turnFor(item) {
    const known = this.#turns.get(item.id);
    if (known) return known;
    const turn = this.#begin(item.id, item.status === "pending");
    const replying = this.#log.querySelector(".turn[aria-busy]");
    if (item.status === "pending" && !replying) this.#bring(turn);
    return turn;
  }

  #begin(id, pending) {
    const turn = new Turn(this.#actions);
    this.#turns.set(id, turn);
    this.#welcome.hidden = true;
    const waiting = pending ? null : this.#log.querySelector(".turn.is-pending");
    this.#log.insertBefore(turn.node, waiting ?? this.#end);
    return turn;
  }

  #reply(item) {
    const turn = this.#turns.get(item.id) ?? this.#turns.get(item.asked) ?? this.#begin(item.id, false);
    this.#turns.set(item.id, turn);
    if (item.products.length) turn.show(this.#rowOf(item.products));
    if (item.text !== turn.text) turn.say(item.text);
    if (item.status !== "in_progress") turn.finish(item.status);
  }

  #bring(turn) {
    if (turn.node.classList.contains("is-current")) return;
    this.#log.querySelector(".turn.is-current")?.classList.remove("is-current");
    turn.node.classList.add("is-current");
    // Put in anew, a turn that waited below the last reply's room appears in its place instead of shifting into it.
    this.#log.insertBefore(turn.node, turn.node.nextSibling);
    const pastBorder = turn.node.clientTop && turn.node.clientTop + 1;
    this.#log.scrollTo({ top: turn.node.offsetTop + pastBorder, behavior: prefersStillness() ? "auto" : "smooth" });
  }
}
