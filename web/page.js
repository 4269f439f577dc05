// SPDX-License-Identifier: Apache-2.0
//
// Page: short ways to the document's elements. A text is written only where it differs.

export const $ = (id) => document.getElementById(id);

export function setText(id, text) {
  write($(id), text);
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
