// Draws a sound as a row of bars; what was heard already is in the stronger colour.

import { colour } from "./page.js";

export function draw(canvas, samples, share, marks = []) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight || 96;
  if (!width) return;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = colour("--mark");
  for (const [from, to] of marks) pen.fillRect(from * width, 0, Math.max(2, (to - from) * width), height);
  const step = 4, bars = Math.floor(width / step);
  const heard = colour("--accent"), ahead = colour("--wave");
  for (let bar = 0; bar < bars; bar++) {
    const low = Math.floor((bar / bars) * samples.length), high = Math.floor(((bar + 1) / bars) * samples.length);
    let peak = 0;
    const stride = Math.max(1, Math.floor((high - low) / 200));
    for (let at = low; at < high; at += stride) peak = Math.max(peak, Math.abs(samples[at]));
    const tall = Math.max(2, Math.sqrt(peak) * height * 0.95);
    pen.fillStyle = bar / bars <= share ? heard : ahead;
    pen.beginPath();
    pen.roundRect(bar * step, (height - tall) / 2, step - 1.5, tall, 1);
    pen.fill();
  }
}
