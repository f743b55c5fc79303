/** A block of data of this page, inflated; undefined where there is none of that name. */
export async function embedded(kind: string, name?: string): Promise<string | undefined> {
  const block = [...document.querySelectorAll<HTMLScriptElement>('script[data-kind]')].find(
    ({ dataset }) => dataset['kind'] === kind && (name === undefined || dataset['name'] === name),
  );
  if (block === undefined) return undefined;
  const bytes = Uint8Array.from(atob(block.text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).text();
}
