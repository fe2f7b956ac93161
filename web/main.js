import { Announcer } from "./announcer.js";
import { Composer } from "./composer.js";
import { createConcierge } from "./concierge.js";
import { Conversation } from "./conversation.js";
import { element } from "./dom.js";
import { Lightbox } from "./lightbox.js";
import { Look } from "./look.js";
import { moneyFormat } from "./money.js";
import { cardRow } from "./products.js";
import { Status } from "./status.js";
import { lasting } from "./storage.js";
import { Tray } from "./tray.js";

const PATIENCE_MS = 900; // a connection that is up sooner needs no words
const find = (selector) => document.querySelector(selector);

const concierge = createConcierge();
const look = new Look();
const status = new Status(find(".status-line"));
const announcer = new Announcer(find(".announcer"));
let format = moneyFormat(undefined);
const money = (price) => format(price);

const lightbox = new Lightbox(find(".lightbox"), { money, look, details: concierge.product });
const tray = new Tray({
  look,
  money,
  panel: find(".look-panel"),
  aside: find(".look"),
  sheet: find(".sheet"),
  toggle: find(".look-toggle"),
  onOpen: (product) => lightbox.open(product),
});
const conversation = new Conversation({
  log: find(".log"),
  welcome: find(".welcome"),
  end: find(".log-end"),
  rowOf: (products) => cardRow(products, { money, look, onOpen: (product) => lightbox.open(product) }),
  copy,
  retry: () => concierge.retry(),
});
const composer = new Composer(find(".composer"), { onSend: send });
const stop = find(".stop");

/* What the house says of itself. */

async function welcome() {
  const house = await concierge.house();
  document.title = house.name;
  document.body.lang = house.locale;
  document.documentElement.dir = directionOf(house.locale);
  format = moneyFormat(house.locale);
  find(".house-name").textContent = house.name;
  find(".tagline").textContent = house.tagline;
  find(".greeting").textContent = house.greeting;
  find(".suggestions").replaceChildren(...house.suggestions.map(suggestion));
  document.body.classList.add("is-open");
  tray.show();
}

function directionOf(locale) {
  const known = new Intl.Locale(locale);
  return (known.getTextInfo?.() ?? known.textInfo)?.direction ?? "ltr";
}

const suggestion = (text) =>
  element("li", {}, element("button", { type: "button", class: "suggestion", onclick: () => suggest(text) }, text));

function suggest(text) {
  composer.rest();
  send(text);
}

/* What the shopper does. */

function send(text) {
  concierge.send(text);
  if (!navigator.onLine) status.say("You are offline. Your message is kept, and goes out when you are back.");
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  status.say("Copied.", { lingers: true });
}

stop.addEventListener("click", () => {
  concierge.stop();
  composer.rest();
});
find(".new-chat").addEventListener("click", () => {
  concierge.newChat();
  composer.focus();
});
document.addEventListener("keydown", ({ key, defaultPrevented }) => {
  if (key === "Escape" && !defaultPrevented && !find("dialog[open]")) concierge.stop();
});
new IntersectionObserver(([{ isIntersecting }]) => (find(".further").hidden = isIntersecting), {
  root: find(".log"),
  rootMargin: "64px",
}).observe(find(".log-end"));
find(".further").addEventListener("click", () => find(".log-end").scrollIntoView({ block: "end", behavior: "smooth" }));

/* What the concierge says. */

const busy = (on) => (stop.hidden = !on);

concierge.on("item", (item) => conversation.show(item));
concierge.on("asked", ({ id }) => {
  conversation.wait(id);
  announcer.begin();
  busy(true);
});
concierge.on("products", ({ id, products }) => conversation.products(id, products));
concierge.on("delta", ({ id, text }) => {
  conversation.append(id, text);
  announcer.push(text);
});
concierge.on("done", (reply) => {
  conversation.finish(reply);
  announcer.end();
  busy(false);
});
concierge.on("removed", ({ id }) => conversation.remove(id));
concierge.on("restored", () => {
  conversation.settle();
  status.say("Your conversation is as you left it.", { lingers: true });
});
concierge.on("fresh", ({ reason, previous }) => {
  conversation.clear();
  announcer.begin();
  busy(false);
  if (reason === "expired") status.say("Your earlier conversation has ended; this is a new one.", { lingers: true });
  else if (previous) farewell = { label: "Return to the last one", run: () => concierge.open(previous) };
});
concierge.on("marked", () => status.say("Noted for a member of the house.", { lingers: true }));

let farewell = null;
const STATES = {
  connecting: () => status.say("Connecting…", { after: PATIENCE_MS }),
  ready: () => {
    status.settle();
    if (farewell) status.say("A new conversation.", { lingers: true, action: farewell });
    farewell = null;
  },
  offline: () => status.say("The connection is lost. It will come back by itself; what you write is kept."),
  busy: () => status.say("The concierge will be with you in a moment; no need to ask again."),
};
concierge.on("state", ({ state }) => STATES[state]());

if (!lasting.load("session")) conversation.greet();
concierge.connect();
await welcome();
const linked = new URLSearchParams(location.search).get("product"); // a feed's link may lead to a piece on this page
if (linked) concierge.product(linked).then((product) => lightbox.open(product), () => {});
look.refresh(concierge).catch(() => {}); // yesterday's prices stand until the house can be asked
