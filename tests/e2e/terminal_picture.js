// SPDX-License-Identifier: Apache-2.0
//
// A terminal's screen as a page, to be looked at as a picture: text with the escape sequences of its looks (SGR, ECMA-48 section 8.3.117), as tmux tells
// it, to HTML.

const kPalette = ['#1d1f21', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d0d0d0'];
const kInk = '#d8dadf';
const kGround = '#16181c';

// xterm's 256 colours: 16 named ones, a cube of 6 x 6 x 6, 24 greys.
function indexed(number) {
  if (number < 16) return kPalette[number % 8];
  if (number >= 232) return `rgb(${Array(3).fill(8 + (number - 232) * 10)})`;
  const level = (value) => (value ? 55 + value * 40 : 0);
  const at = number - 16;
  return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level)})`;
}

function obey(look, codes) {
  for (let i = 0; i < codes.length; ++i) {
    const code = codes[i];
    if (code === 0) Object.keys(look).forEach((key) => delete look[key]);
    else if (code === 1) look.bold = true;
    else if (code === 2) look.dim = true;
    else if (code === 7) look.reverse = true;
    else if (code >= 30 && code <= 37) look.ink = kPalette[code - 30];
    else if (code >= 40 && code <= 47) look.ground = kPalette[code - 40];
    else if (code === 39) delete look.ink;
    else if (code === 49) delete look.ground;
    else if ((code === 38 || code === 48) && codes[i + 1] === 5) {
      look[code === 38 ? 'ink' : 'ground'] = indexed(codes[i + 2]);
      i += 2;
    }
  }
}

function styleOf({ ink = kInk, ground = kGround, bold, dim, reverse }) {
  if (reverse) [ink, ground] = [ground, ink];
  return `color:${ink};background:${ground}${bold ? ';font-weight:bold' : ''}${dim ? ';opacity:.6' : ''}`;
}

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

export function toHtml(screen) {
  const look = {};
  const line = (text) => text.split(/\x1b\[([\d;]*)m/).map((part, i) => {
    if (i % 2 === 0) return part && `<span style="${styleOf(look)}">${escaped(part)}</span>`;
    obey(look, part.split(';').map(Number));
    return '';
  });
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 12px; background: ${kGround}; width: max-content }
    div { height: 18px; font: 14px/18px "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre }
    span { display: inline-block; height: 18px }</style>
    ${screen.trimEnd().split('\n').map((text) => `<div>${line(text).join('')}</div>`).join('\n')}`;
}
