/** Lets search fields with `data-filter` hide the rows of a table that do not have their words. */
export function enableFilters(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[data-filter]')) {
    const rows = [...document.querySelectorAll<HTMLElement>(`#${input.dataset['filter'] ?? ''} tbody tr`)];
    input.closest<HTMLElement>('[hidden]')?.removeAttribute('hidden');
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
}
