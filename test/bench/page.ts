/**
 * What a run's page takes: bytes with and without consoles, milliseconds until its first paint and until the map is drawn,
 * and how many frames a second Chromium draws while the map is zoomed and panned. Prints one JSON object.
 * usage: npm run bench:page -- RUN-FOLDER
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPage } from '../../src/runner/build-page.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';

const folder = process.argv[2] ?? 'reports/latest';
const path = await buildPage(folder);
const page = await readFile(path, 'utf8');
const consoles = [...page.matchAll(/<script[^>]*data-kind="console"[^>]*>[^<]*<\/script>/g)].reduce(
  (sum, [block]) => sum + block.length,
  0,
);
const browser = await launchChromium(process.env['CHROMIUM'] ?? chromiumPath ?? '/usr/bin/chromium');
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await tab.goto(pathToFileURL(resolve(path)).href);
await tab.locator('[data-map="trace"] option').first().waitFor({ state: 'attached' });
const mapMs = await tab.evaluate<number>('performance.now()');
const firstPaintMs = await tab.evaluate<number>(
  `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`,
);
await tab.locator('canvas').scrollIntoViewIfNeeded();
// One step a frame: in, along the log, out again.
const framesASecond = await tab.evaluate<number>(`new Promise((done) => {
  const canvas = document.querySelector('canvas');
  const key = (name) => canvas.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));
  key('Home');
  let frames = 0;
  let begun = 0;
  const step = (now) => {
    if (frames === 0) begun = now;
    frames += 1;
    if (frames > 150) return done((1000 * 150) / (now - begun));
    key(frames % 50 < 6 ? '+' : frames % 50 > 44 ? '-' : 'ArrowRight');
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`);
await browser.close();
const round = (value: number) => Math.round(value * 10) / 10;
console.log(
  JSON.stringify({
    bytes: page.length,
    withoutConsoles: page.length - consoles,
    firstPaintMs: round(firstPaintMs),
    mapMs: round(mapMs),
    framesASecond: round(framesASecond),
  }),
);
