// SPDX-License-Identifier: Apache-2.0
//
// Spark: a history as a line in a canvas. A flat one lies in the middle; a gap is a gap; a sample alone is a dot.

import { History } from './history.js';

const kPad = 1.5; // CSS pixels, so that the line's ends are not cut

// colour: a CSS colour. fromZero: the canvas's bottom is 0, not the least value.
export function drawSpark(canvas, history, colour, { fromZero = false } = {}) {
  const size = sizeOf(canvas);
  const brush = fitted(canvas, size);
  const range = history.range();
  if (!range) return;
  const width = size.width - 2 * kPad;
  const height = size.height - 2 * kPad;
  const low = fromZero ? 0 : range.low;
  const span = range.high - low;
  const x = (i) => kPad + (i / (History.kPoints - 1)) * width;
  const y = (value) => kPad + (span > 0 ? (1 - (value - low) / span) * height : height / 2);
  brush.strokeStyle = brush.fillStyle = colour;
  brush.beginPath();
  for (let i = 0; i < History.kPoints; ++i) drawPoint(brush, history, i, x, y);
  brush.stroke();
}

function drawPoint(brush, history, i, x, y) {
  const known = (at) => at >= 0 && at < History.kPoints && !Number.isNaN(history.at(at));
  if (!known(i)) return;
  if (known(i - 1)) brush.lineTo(x(i), y(history.at(i)));
  else if (known(i + 1)) brush.moveTo(x(i), y(history.at(i)));
  else brush.fillRect(x(i) - 0.75, y(history.at(i)) - 0.75, 1.5, 1.5);
}

export function clearSpark(canvas) {
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
}

// Sizes in CSS pixels are asked for once, because asking makes the browser lay out what has changed since.
let sizes = new WeakMap();
addEventListener('resize', () => (sizes = new WeakMap()));

function sizeOf(canvas) {
  const known = sizes.get(canvas);
  if (known) return known;
  const size = { width: canvas.clientWidth, height: canvas.clientHeight };
  if (size.width) sizes.set(canvas, size);
  return size;
}

// The canvas's brush, in CSS pixels, on an empty canvas as fine as the screen.
function fitted(canvas, size) {
  const scale = devicePixelRatio || 1;
  const width = Math.round(size.width * scale);
  const height = Math.round(size.height * scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const brush = canvas.getContext('2d');
  brush.setTransform(scale, 0, 0, scale, 0, 0);
  brush.clearRect(0, 0, size.width, size.height);
  brush.lineWidth = 1.25;
  brush.lineJoin = 'round';
  return brush;
}

// The page's colours by name ("green" is --green), read again when the system changes between dark and light.
let colours = {};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (colours = {}));

export function colour(name) {
  return (colours[name] ??= getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim());
}
