import { type Html, html } from './html.ts';

/** Opens a console within the page; without the page's script, the file in the run's folder. */
export function consoleLink(path: string, text: string): Html {
  return html`<a class="console" href="${encodeURI(`./${path}`)}" data-open-console="${path}">${text}</a>`;
}
