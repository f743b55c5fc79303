import type { EventSink } from '../model/event.ts';
import type { Terminal } from '../report/terminal.ts';
import { nearPath } from './near-path.ts';
import { notePhase } from './under-way.ts';

/** Shows what happens while `work` goes on; `folders` takes the report folder of each run, by its id. */
export async function withTerminal<T>(
  terminal: Terminal,
  folders: Map<string, string>,
  work: (events: EventSink) => Promise<T>,
): Promise<T> {
  try {
    return await work((event) => {
      if (event.type === 'run-started') folders.set(event.run, nearPath(event.folder));
      notePhase(event);
      terminal.sink(event);
    });
  } finally {
    terminal[Symbol.dispose]();
  }
}
