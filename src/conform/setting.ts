import { quote } from '../core/quote.ts';

/** What an owner makes of a file that came with the system: other text in it, or something else in its place. */
export type Edit = 'a line more' | 'a link' | 'a folder' | 'nothing';

/** A shell command by which the owner of a device changes a file. */
export function editing(path: string, to: Edit): string {
  const [file, own] = [quote(path), quote(`${path}.own`)];
  switch (to) {
    case 'a line more':
      return `echo '# of the owner' >>${file} && sync`;
    case 'a link':
      return `cp ${file} ${own} && rm ${file} && ln -s ${own} ${file} && sync`;
    case 'a folder':
      return `rm ${file} && mkdir ${file} && echo kept >${file}/kept && sync`;
    case 'nothing':
      return `rm ${file} && sync`;
  }
}

/** A shell command that prints what is at a path: where a link leads, what is in a folder, a digest, or that nothing is there. */
export function showing(path: string): string {
  return [
    `path=${quote(path)}`,
    'if [ -L "$path" ]; then echo "link to $(readlink "$path")"; fi',
    'if [ -d "$path" ]; then echo folder; for one in "$path"/*; do sha256sum "$one"; done',
    'elif [ -e "$path" ]; then sha256sum <"$path"; else echo nothing; fi',
  ].join('\n');
}
