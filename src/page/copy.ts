import { tell } from './dom.ts';

/** Lets buttons with `data-copy` copy what it says. */
export function enableCopying(): void {
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-copy]') : null;
    const text = button?.dataset['copy'];
    if (text !== undefined) void copy(text);
  });
}

/** Copies, also where the browser gives pages from disk no clipboard. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell('Copied');
  } catch {
    tell(copyBySelection(text) ? 'Copied' : 'This browser does not let the page copy');
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'off-screen';
  document.body.append(area);
  area.select();
  // The one way there is without a clipboard.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
