// SPDX-License-Identifier: Apache-2.0
//
// Keys: what the keyboard does. On the table, arrows and letters; anywhere else on the page, single keys only while they are switched on
// (WCAG 2.1.4), and never while one types.

const kMoves = {
  ArrowDown: () => 1,
  ArrowUp: () => -1,
  PageDown: (table) => table.pageRows,
  PageUp: (table) => -table.pageRows,
  Home: () => -Infinity,
  End: () => Infinity,
};

// on: { filter(), pause(), escape(), open(), favourite() }, each told whether it came from the table. anywhere(): whether single keys are on.
export function listenToKeys({ grid, table, on, anywhere }) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') return on.escape();
    if (event.target.matches('input, select, textarea')) return;
    const inGrid = event.target === grid;
    const act = (inGrid && gridAction(event.key, table, on)) || ((inGrid || anywhere()) && pageAction(event.key, on));
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function gridAction(key, table, on) {
  if (kMoves[key]) return () => table.move(kMoves[key](table));
  if (key === 'Enter') return on.open;
  if (key.toLowerCase() === 'f') return on.favourite;
  return null;
}

function pageAction(key, on) {
  if (key === '/') return on.filter;
  if (key.toLowerCase() === 'p') return on.pause;
  return null;
}
