import { visibleText } from '../report/page/html.ts';

/** What an element holds: text is text, whatever it says. */
type Child = Node | string;

/** A new element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string>,
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (typeof child === 'string' ? visibleText(child) : child)));
  return made;
}

/** Says something to the reader for a moment. */
export function tell(text: string): void {
  const toast = document.querySelector<HTMLElement>('.toast');
  if (toast === null) return;
  toast.textContent = visibleText(text);
  toast.classList.add('shown');
  setTimeout(() => toast.classList.remove('shown'), 2500);
}
