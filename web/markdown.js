/**
 * The little markup that language models write in prose: paragraphs, lists, headings, bold and italic.
 * Everything becomes plain data and then text nodes, so no text can ever become markup; links stay text.
 *
 * A block is {tag, runs} or {tag: "ul" | "ol", items: [runs]}; a run is {tag: null | "strong" | "em" | "br", text}.
 */
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;
// An unclosed ** runs to the end of its line, so that a word streaming in does not show its asterisks.
const EMPHASIS = /\*\*(?=\S)([^*]+?)(?:\*\*|\*?$)|(?<![\w*])\*(?=\S)([^*\n]+?)\*(?!\w)|(?<!\w)_(?=\S)([^_\n]+?)_(?!\w)/gu;

/** Parse a text, or as much of it as has streamed in, into blocks. */
export function parse(text) {
  const blocks = [];
  let open = null;
  for (const line of text.split("\n")) {
    const item = BULLET.exec(line) ?? NUMBER.exec(line);
    const heading = HEADING.exec(line);
    if (!line.trim()) {
      open = null;
    } else if (item) {
      const tag = BULLET.test(line) ? "ul" : "ol";
      if (open?.tag !== tag) blocks.push((open = { tag, items: [] }));
      open.items.push(runsOf(item[1]));
    } else if (heading) {
      blocks.push({ tag: "p", runs: [{ tag: "strong", text: heading[1] }] });
      open = null;
    } else if (open?.tag === "p") {
      open.runs.push({ tag: "br", text: "" }, ...runsOf(line));
    } else {
      blocks.push((open = { tag: "p", runs: runsOf(line) }));
    }
  }
  return blocks;
}

/** The same text without its marks, for the clipboard of the ear: screen readers. */
export const plain = (text) => text.replace(/\*\*|^#{1,6}\s+|^\s*[-*•]\s+/gmu, "");

function runsOf(line) {
  const runs = [];
  let end = 0;
  for (const match of line.matchAll(EMPHASIS)) {
    if (match.index > end) runs.push({ tag: null, text: line.slice(end, match.index) });
    runs.push({ tag: match[1] ? "strong" : "em", text: match[1] ?? match[2] ?? match[3] });
    end = match.index + match[0].length;
  }
  if (end < line.length) runs.push({ tag: null, text: line.slice(end) });
  return runs;
}

/** Make `parent` show `blocks`, touching only what changed: while a reply streams, its last text node alone grows. */
export function render(parent, blocks) {
  patch(parent, blocks, (node, block) => {
    if (!block.items) patch(node, block.runs, renderRun);
    else patch(node, block.items.map((runs) => ({ tag: "li", runs })), (item, { runs }) => patch(item, runs, renderRun));
  });
}

function renderRun(node, { tag, text }) {
  if (tag === "br") return;
  const leaf = tag ? (node.firstChild ?? node.appendChild(document.createTextNode(""))) : node;
  if (leaf.data === text) return;
  if (text.startsWith(leaf.data)) leaf.appendData(text.slice(leaf.data.length));
  else leaf.data = text;
}

function patch(parent, specs, fill) {
  specs.forEach((spec, index) => {
    const current = parent.childNodes[index];
    const name = spec.tag ?? "#text";
    let node = current;
    if (current?.nodeName.toLowerCase() !== name) {
      node = spec.tag ? document.createElement(spec.tag) : document.createTextNode("");
      if (current) current.replaceWith(node);
      else parent.append(node);
    }
    fill(node, spec);
  });
  while (parent.childNodes.length > specs.length) parent.lastChild.remove();
}
