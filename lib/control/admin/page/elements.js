/**
 * Elements of the document. Whatever a peer has sent is put in as text, never as markup.
 *
 * @module
 */

/** The one with an id, which the document has. @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the document has no ${id}`);
  return found;
}

/** A new one. @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} [text] @param {Readonly<Record<string, string>>} [attributes] */
export function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Leaves the document alone where it says so already: nothing is laid out anew. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string} value */
export function mark(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
