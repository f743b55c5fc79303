#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { assertWorkingFolder } from './working-folder.ts';

/** Milliseconds until the process ends although something still holds it. */
const graceMs = 2000;

assertWorkingFolder();
// Loaded by now only: libraries ask for the current folder when they are.
const { installLastResort } = await import('./last-resort.ts');
const { runCli } = await import('./program.ts');
const { processStreams } = await import('./streams.ts');
const { withVisibleWords } = await import('./visible-words.ts');
// A run's one signal ends every wait under way; eleven waits at once are no leak for Node to warn of.
setMaxListeners(0);
const args = process.argv.slice(2);
const streams = processStreams();
installLastResort(args, withVisibleWords(streams, args, process.cwd()));
process.exitCode = await runCli(args, streams);
setTimeout(() => process.exit(), graceMs).unref();
