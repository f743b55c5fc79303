#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { installLastResort } from './last-resort.ts';
import { runCli } from './program.ts';
import { processStreams } from './streams.ts';

/** Milliseconds until the process ends although something still holds it. */
const graceMs = 2000;

// A run's one signal ends every wait under way; eleven waits at once are no leak for Node to warn of.
setMaxListeners(0);
const args = process.argv.slice(2);
const streams = processStreams();
installLastResort(args, streams);
process.exitCode = await runCli(args, streams);
setTimeout(() => process.exit(), graceMs).unref();
