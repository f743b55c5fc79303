import { element } from './dom.ts';
import { embedded } from './embedded.ts';

/** Lines of a console that a reader looks for: panics, failed units, errors of file systems. */
const remarkable =
  /kernel panic|oops[: ]|\bBUG:|call trace|unable to (mount|boot)|failed to start|\bFAILED\b|dependency failed|ext4-fs error|fat-fs .*error|i\/o error|emergency mode|segfault|corrupt|not syncing/i;

/** Opens consoles in a dialog, from power-on to the end, with marks on lines that are worth a look. */
export function enableConsoles(): void {
  const dialog = document.querySelector<HTMLDialogElement>('dialog.console-view');
  if (dialog === null) return;
  let marks: HTMLElement[] = [];
  let current = -1;
  const go = (step: number) => {
    if (marks.length === 0) return;
    marks[current]?.classList.remove('current');
    current = (current + step + marks.length) % marks.length;
    marks[current]?.classList.add('current');
    marks[current]?.scrollIntoView({ block: 'center' });
  };
  const show = (path: string, text: string) => {
    const lines = text.split('\n').map((line) => {
      const made = element(
        'span',
        remarkable.test(line) ? { class: 'line remarkable' } : { class: 'line' },
        line.replace(/\r/g, '').replace(ansi, ''),
      );
      return made;
    });
    const pre = dialog.querySelector('pre');
    pre?.replaceChildren(...lines);
    marks = lines.filter((line) => line.classList.contains('remarkable'));
    current = -1;
    const title = dialog.querySelector('h2');
    if (title !== null) title.textContent = path;
    const count = dialog.querySelector('.marks');
    if (count !== null) count.textContent = `${lines.length} lines, ${marks.length} marked`;
    for (const button of dialog.querySelectorAll<HTMLButtonElement>('button[data-console]'))
      button.disabled = marks.length === 0;
    dialog.showModal();
    if (pre !== null) pre.scrollTop = pre.scrollHeight;
    pre?.focus();
  };
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const step = target?.closest<HTMLElement>('button[data-console]')?.dataset['console'];
    if (step !== undefined) go(step === 'next' ? 1 : -1);
    const path = target?.closest<HTMLElement>('[data-open-console]')?.dataset['openConsole'];
    const block = [...document.querySelectorAll<HTMLScriptElement>('script[data-kind="console"]')].some(
      ({ dataset }) => dataset['name'] === path,
    );
    // Without its text in the page the link leads to the file.
    if (path === undefined || !block) return;
    event.preventDefault();
    void embedded('console', path).then((text) => show(path, text ?? ''));
  });
}

/** Colours and movements of a terminal. */
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;
